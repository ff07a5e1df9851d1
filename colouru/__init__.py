"""ColourU turns a black-and-white photograph into a colour one under a person's guidance.

from colouru import Hint, pipeline

colourize = pipeline()
result = colourize("portrait.jpg", hints=[Hint(x=0.42, y=0.31, colour="#c68642")])
result.save("portrait-colour.png")
"""

__version__ = "0.4.0"

from colouru.hints import Hint
from colouru.metrics import normalized_loss
from colouru.pipeline import pipeline
from colouru.results import Advice, Colourization, Suggestion

__all__ = ["Advice", "Colourization", "Hint", "__version__", "Suggestion", "normalized_loss", "pipeline"]

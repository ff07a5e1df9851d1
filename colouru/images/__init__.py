"""Files of pictures: opened safely, and saved with what they say of themselves."""

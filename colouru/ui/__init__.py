"""The web page's server side: its layout is app.py in the root. Only this folder and app.py import Gradio."""

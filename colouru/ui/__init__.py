"""What the page says and does, apart from its layout, which is app.py. Only this folder and app.py know Gradio."""

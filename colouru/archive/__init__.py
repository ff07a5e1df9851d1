"""Archives: colour many photos into a folder of pictures, on this machine or on a cluster, and keep a manifest.

A photo is an input, a picture is the coloured output.
"""

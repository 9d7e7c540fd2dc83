"""Image operations that the corruption modules build on, one module each, for batches of images.

Filters, blurs, resizes, codecs, colour spaces, lookup tables and weather layers. Most have two forms with the same result
up to rounding: OpenCV or NumPy on the CPU and tensor operations elsewhere; `host.on_host` chooses. Nothing is registered
here, and no strength is decided here.
"""

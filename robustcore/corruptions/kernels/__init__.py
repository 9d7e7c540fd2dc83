"""The image operations that corruptions are made of: filters, resizes, codecs, colour spaces; batches in, batches out."""

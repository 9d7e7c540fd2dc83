"""One image, looked at: under corruptions, frame by frame, under attack; composed into a contact sheet."""

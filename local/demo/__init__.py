"""`make demo`: the main job on the real template, a local AWS and a local Zoho, checked from outside."""

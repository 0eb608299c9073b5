"""The colours that a face's choices index, as sRGB triples in 0..255, and the names of all choices."""

SKIN = (
    (246, 216, 196), (244, 203, 174), (236, 186, 149), (222, 166, 124),
    (194, 134, 92), (154, 100, 66), (114, 72, 48), (84, 52, 36),
)  # fmt: skip
"""Anchors of ``skin_tone``, 0 to 1: the tone is interpolated between them."""

HAIR = {
    "black": (32, 27, 30),
    "dark brown": (66, 43, 30),
    "brown": (110, 71, 44),
    "light brown": (154, 108, 66),
    "red": (178, 80, 38),
    "blond": (226, 184, 112),
    "platinum": (240, 222, 178),
    "grey": (160, 160, 166),
    "white": (226, 226, 230),
    "pink": (232, 98, 150),
    "blue": (72, 132, 220),
    "green": (60, 176, 148),
    "violet": (150, 92, 210),
}
NATURAL_HAIR = 9
"""The first so many hair colours grow; the others are dyes."""

IRIS = {
    "brown": (96, 60, 36),
    "dark brown": (62, 42, 30),
    "hazel": (128, 92, 50),
    "green": (92, 128, 76),
    "blue": (78, 130, 180),
    "light blue": (112, 156, 196),
    "grey": (122, 132, 142),
}
LIPSTICK = {
    "red": (196, 30, 58),
    "crimson": (150, 18, 48),
    "pink": (226, 80, 112),
    "coral": (236, 92, 84),
    "plum": (120, 30, 82),
    "rose": (206, 60, 130),
}
EYESHADOW = {
    "violet": (122, 70, 164),
    "blue": (60, 108, 184),
    "green": (64, 150, 116),
    "copper": (176, 92, 54),
    "smoke": (82, 64, 80),
    "pink": (222, 116, 172),
    "gold": (206, 164, 66),
}
BLUSH = {"rose": (232, 90, 104), "peach": (242, 122, 106), "berry": (214, 84, 132)}
CLOTH = {
    "red": (200, 62, 62),
    "blue": (48, 92, 160),
    "green": (60, 140, 110),
    "yellow": (240, 196, 80),
    "purple": (92, 72, 124),
    "navy": (36, 42, 56),
    "white": (236, 236, 230),
    "orange": (230, 130, 70),
    "sky": (120, 170, 210),
    "mauve": (162, 92, 104),
    "olive": (78, 88, 64),
    "pink": (212, 152, 172),
}
FRAMES = {
    "black": (34, 31, 34),
    "tortoise": (122, 64, 34),
    "red": (164, 42, 46),
    "gold": (190, 158, 92),
    "slate": (62, 74, 94),
}
JEWELS = {"gold": (232, 202, 92), "silver": (222, 224, 234), "ruby": (216, 58, 88), "turquoise": (66, 188, 178)}

BEARDS = ("none", "stubble", "goatee", "full")
GLASSES = ("none", "clear", "sun")
HATS = ("none", "beanie", "cap", "brim")
EARRINGS = ("none", "hoop", "drop")
NECKLINES = ("crew", "v", "collar", "wide")
PATTERNS = ("plain", "stripes", "checks", "dots")
BACKDROPS = ("plain", "blobs", "shelves", "hills")
ARTISTS = ("liner", "brush", "sketcher", "graphic")

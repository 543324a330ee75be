"""Measures OCR engines on pages that this program draws: wrong words, time and memory.

    python benchmarks/ocr.py [--engine tesseract] [--engine rapidocr] [--most 2] [--pages FOLDER]

The 32 pages are the same on each machine with the same fonts: clean, noisy, skewed, in two columns, photographed, and
in other scripts. The program names a script that it leaves out because this machine has no font for it. Each engine
runs in a separate process. `cpu` is the time of all cores together, which hardly depends on other work on the machine.
--most reads fewer pages of each kind. --pages saves the pages and their texts.
"""

import argparse
import json
import random
import resource
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from click import echo as say
from PIL import Image, ImageDraw, ImageFilter, ImageFont

WIDTH, HEIGHT = 1654, 2339  # A4 at 200 dots an inch
MARGIN = 170
GUTTER = 70
SEED = 7
FONTS = (
    "DejaVuSerif.ttf",
    "DejaVuSans.ttf",
    "LiberationSerif-Regular.ttf",
    "LiberationSans-Regular.ttf",
    "DejaVuSansCondensed.ttf",
)
EXAMPLES = Path(__file__).parents[1] / "examples"


class Script(NamedTuple):
    """A script with a font, the language for Tesseract, and sentences."""

    name: str
    font: str
    sentences: tuple[str, ...]
    spaced: bool = True


SCRIPTS = (
    Script(
        "German (Latin)",
        "DejaVuSerif.ttf",
        (
            "Die Behörde öffnet montags um acht Uhr und schließt gegen fünf.",
            "Für die Verlängerung genügt ein gültiger Ausweis mit Lichtbild.",
            "Über das Gesuch entscheidet der Ausschuss binnen sechs Wochen.",
            "Die Gebühr beträgt 28,50 Euro und wird bei der Abholung bezahlt.",
            "Größere Änderungen müssen schriftlich begründet werden.",
        ),
    ),
    Script(
        "Russian (Cyrillic)",
        "DejaVuSerif.ttf",
        (
            "Городская библиотека открыта каждый день с девяти часов утра.",
            "Читатели могут взять домой не более десяти книг на один месяц.",
            "За потерянную книгу нужно заплатить её полную стоимость.",
            "Новый зал построили в 1998 году на средства жителей города.",
            "Директор объявил, что летом здание закроют на ремонт.",
        ),
    ),
    Script(
        "Greek",
        "DejaVuSerif.ttf",
        (
            "Το μουσείο ανοίγει κάθε πρωί στις εννέα και κλείνει το απόγευμα.",
            "Οι επισκέπτες μπορούν να αγοράσουν εισιτήρια στην είσοδο.",
            "Η έκθεση παρουσιάζει ογδόντα έργα από ιδιωτικές συλλογές.",
            "Το κτίριο χτίστηκε το 1912 και ανακαινίστηκε πρόσφατα.",
            "Τα παιδιά κάτω των δώδεκα ετών δεν πληρώνουν.",
        ),
    ),
    Script(
        "Arabic",
        "DejaVuSans.ttf",
        (
            "تفتح المكتبة العامة أبوابها كل يوم من التاسعة صباحا.",
            "يمكن للقراء استعارة عشرة كتب لمدة شهر واحد.",
            "بنيت القاعة الجديدة من أموال سكان المدينة.",
            "أعلن المدير أن المبنى سيغلق في الصيف للصيانة.",
            "على الزوار ترك الحقائب عند المدخل.",
        ),
    ),
    Script(
        "Hebrew",
        "DejaVuSans.ttf",
        (
            "הספרייה העירונית פתוחה בכל יום משעה תשע בבוקר.",
            "הקוראים יכולים לשאול עשרה ספרים לחודש אחד.",
            "האולם החדש נבנה בכספי תושבי העיר.",
            "המנהל הודיע כי הבניין ייסגר בקיץ לשיפוצים.",
            "המבקרים מתבקשים להשאיר תיקים בכניסה.",
        ),
    ),
    Script(
        "Chinese (Han)",
        "DroidSansFallbackFull.ttf",
        (
            "市立图书馆每天上午九点开门，下午五点关门。",
            "读者最多可以借十本书，时间为一个月。",
            "新大厅由全市居民出资建造。",
            "馆长宣布，这座建筑将在夏天关闭维修。",
            "请参观者把背包留在入口处。",
        ),
        spaced=False,
    ),
)


class Page(NamedTuple):
    """A page to read: its kind, its picture and its words."""

    kind: str
    picture: Image.Image
    words: list[str]


def draw_pages() -> Iterator[Page]:
    """Yield all pages."""
    sentences = [line.strip() for file in sorted(EXAMPLES.glob("*.txt")) for line in file.read_text("utf-8").split(".")]
    sentences = [" ".join(line.split()) + "." for line in sentences if 30 < len(line) < 240 and line.isascii()]
    randomness = random.Random(SEED)  # noqa: S311
    kinds: tuple[tuple[str, int, Callable[[Image.Image, int], Image.Image], int], ...] = (
        ("clean", 8, lambda picture, number: picture, 1),
        ("noisy", 6, add_noise, 1),
        ("skewed", 4, skew, 1),
        ("two columns", 4, lambda picture, number: picture, 2),
        ("photo", 4, photograph, 1),
    )
    for kind, count, change, columns in kinds:
        for number in range(count):
            font = find_font(FONTS[number % len(FONTS)], (30, 34, 26, 38)[number % 4])
            if font is None:
                say(f"left out: a {kind} page, because {FONTS[number % len(FONTS)]} is not on this machine")
                continue
            picture, words = draw(randomness, sentences, font, columns=columns)
            yield Page(kind, change(picture, number), words)
    for script in SCRIPTS:
        font = find_font(script.font, 34)
        if font is None:
            say(f"left out: {script.name}, because {script.font} is not on this machine")
            continue
        picture, words = draw(randomness, script.sentences, font, spaced=script.spaced)
        yield Page(script.name, picture, words)


def find_font(name: str, size: int) -> ImageFont.FreeTypeFont | None:
    try:
        return ImageFont.truetype(name, size)
    except OSError:
        return None


def draw(
    randomness: random.Random,
    sentences: list[str] | tuple[str, ...],
    font: ImageFont.FreeTypeFont,
    *,
    columns: int = 1,
    spaced: bool = True,
) -> tuple[Image.Image, list[str]]:
    """Return a page with paragraphs of random sentences, and its words in reading order."""
    picture = Image.new("L", (WIDTH, HEIGHT), 255)
    pen = ImageDraw.Draw(picture)
    width = (WIDTH - 2 * MARGIN - (columns - 1) * GUTTER) / columns
    pitch = round(font.size * 1.45)
    words: list[str] = []
    for column in range(columns):
        left = MARGIN + column * (width + GUTTER)
        y = MARGIN
        while y < HEIGHT - MARGIN - 6 * pitch:
            paragraph = [randomness.choice(sentences) for _ in range(3)]
            tokens = " ".join(paragraph).split() if spaced else list("".join(paragraph))
            for line in wrap(tokens, font, width, spaced=spaced):
                if y > HEIGHT - MARGIN:
                    break
                is_right = spaced and "\u0590" <= line[0] <= "\u06ff"
                x = left + width - font.getlength(line) if is_right else left
                pen.text((x, y), line, font=font, fill=0)
                words += line.split() if spaced else list(line)
                y += pitch
            y += pitch
    return picture, words


def wrap(tokens: list[str], font: ImageFont.FreeTypeFont, width: float, *, spaced: bool) -> Iterator[str]:
    gap = " " if spaced else ""
    line = ""
    for token in tokens:
        longer = f"{line}{gap}{token}" if line else token
        if font.getlength(longer) > width:
            yield line
            longer = token
        line = longer
    yield line


def add_noise(picture: Image.Image, number: int) -> Image.Image:
    """Return a page like a bad copy: grey, blurred, with grain and specks."""
    randomness = np.random.default_rng(number)
    blurred = np.asarray(picture.filter(ImageFilter.GaussianBlur(0.8)), dtype=np.float32)
    grey = 60 + blurred * 0.65 + randomness.normal(0, 22, blurred.shape)
    specks = randomness.random(grey.shape)
    grey[specks < 0.002] = 0
    grey[specks > 0.998] = 255
    return Image.fromarray(grey.clip(0, 255).astype(np.uint8))


def skew(picture: Image.Image, number: int) -> Image.Image:
    return picture.rotate((-2.5, -1.0, 1.5, 3.0)[number], resample=Image.Resampling.BICUBIC, fillcolor=255)


def photograph(picture: Image.Image, number: int) -> Image.Image:
    """Return a page like a phone's photo: in perspective, with a shadow and some blur, on a dark table."""
    shift = 40 + 15 * number
    corners = (-shift, -60, 0, HEIGHT + 60, WIDTH + shift, HEIGHT + 20, WIDTH, -shift)
    seen = picture.transform(
        (WIDTH, HEIGHT), Image.Transform.QUAD, corners, resample=Image.Resampling.BICUBIC, fillcolor=90
    )
    light = np.linspace(1.0, 0.55, WIDTH)[None, :] * np.linspace(0.95, 0.8, HEIGHT)[:, None]
    grain = np.random.default_rng(number).normal(0, 6, (HEIGHT, WIDTH))
    blurred = np.asarray(seen.filter(ImageFilter.GaussianBlur(0.9)), dtype=np.float32)
    grey = blurred * light + grain
    return Image.fromarray(grey.clip(0, 255).astype(np.uint8))


def count_errors(words: list[str], read: list[str]) -> int:
    """Return the fewest words to replace, add or remove between two texts."""
    row = list(range(len(read) + 1))
    for i, word in enumerate(words, 1):
        before, row[0] = row[0], i
        for j, other in enumerate(read, 1):
            cost = min(row[j] + 1, row[j - 1] + 1, before + (word != other))
            before, row[j] = row[j], cost
    return row[-1]


def open_tesseract() -> Callable[[Image.Image], str]:
    from rag.documents.ocr import OcrJob, make_blocks, read_picture

    return lambda picture: "\n".join(block.text for block in make_blocks(read_picture(picture), 1, OcrJob()))


def open_rapidocr() -> Callable[[Image.Image], str]:
    from rapidocr import RapidOCR

    threads = {"EngineConfig.onnxruntime.intra_op_num_threads": 2, "Global.log_level": "error"}
    engine = RapidOCR(params={**threads, "Global.use_cls": False})

    def read(picture: Image.Image) -> str:
        result = engine(np.asarray(picture.convert("RGB")))
        return "\n".join(result.txts or ())

    return read


ENGINES = {"tesseract": open_tesseract, "rapidocr": open_rapidocr}


def measure(name: str, most: int) -> None:
    """Read `most` pages of each kind with an engine, and print a line of JSON for each."""
    read = ENGINES[name]()
    counts: Counter[str] = Counter()
    for page in draw_pages():
        counts[page.kind] += 1
        if counts[page.kind] > most:
            continue
        cpu, wall = time.process_time(), time.perf_counter()
        text = read(page.picture)
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        spaced = "Chinese" not in page.kind
        words = text.split() if spaced else list("".join(text.split()))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        errors = count_errors(page.words, words) / len(page.words)
        say(json.dumps({"kind": page.kind, "errors": errors, "cpu": cpu, "wall": wall, "peak": peak}))


def report(name: str, most: int) -> None:
    command = [sys.executable, __file__, "--measure", name, "--most", str(most)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    results = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    say(f"\n{name}: peak {max(result['peak'] for result in results)} MB")
    for kind in dict.fromkeys(result["kind"] for result in results):
        of_kind = [result for result in results if result["kind"] == kind]
        errors = statistics.mean(result["errors"] for result in of_kind)
        cpu, wall = (statistics.median(result[unit] for result in of_kind) for unit in ("cpu", "wall"))
        say(f"{kind:20} {len(of_kind)} pages  {errors:6.3f} wrong words  {cpu:5.1f} s cpu  {wall:5.1f} s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engine", action="append", choices=ENGINES)
    parser.add_argument("--most", type=int, default=100)
    parser.add_argument("--pages", type=Path)
    parser.add_argument("--measure", choices=ENGINES, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        measure(arguments.measure, arguments.most)
        return
    if arguments.pages:
        arguments.pages.mkdir(parents=True, exist_ok=True)
        for number, page in enumerate(draw_pages(), 1):
            page.picture.save(arguments.pages / f"{number:02}.png")
            (arguments.pages / f"{number:02}.txt").write_text(" ".join(page.words), encoding="utf-8")
    for name in arguments.engine or ["tesseract"]:
        report(name, arguments.most)


if __name__ == "__main__":
    main()

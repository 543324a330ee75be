"""Telling the encoding of text."""

import codecs

import pytest

from rag.documents.formats.plain.decode import decode
from rag.errors import DocumentError

SENTENCES = {
    "cp1252": [
        "Die Straße ist gesperrt; die Brücke wird später eröffnet.",
        "Le ministre a démissionné hier soir à Paris.",
        "¿Por qué se canceló la visita? Mañana habrá más información.",
        "O senhor não sabe o que aconteceu com a reunião.",
        "Perché la visita è stata annullata?",
        "“Quoted” – it’s fine – with café.",
        "Smørrebrød på dansk er godt.",
        "Näin hyvää yötä, äiti.",
        "naïve",
        "Price: £5 for a coffee",
    ],
    "cp1250": [
        "Prezydent odwołał wizytę w środę.",
        "Ministr řekl, že most bude otevřen.",
        "A hidat később nyitják meg.",
    ],
    "iso8859_2": ["Prezydent odwołał wizytę w środę.", "Ministr řekl, že most bude otevřen."],
    "cp1251": [
        "Министр сказал, что мост откроют позже.",
        "Привет, как дела?",
        "Президент скасував візит без пояснень.",
    ],
    "koi8_r": ["Министр сказал, что мост откроют позже.", "Привет, как дела?"],
    "cp866": ["Министр сказал, что мост откроют позже."],
    "cp1253": ["Ο υπουργός είπε ότι η γέφυρα θα ανοίξει αργότερα."],
    "cp1254": ["Bakan çarşamba günü köprünün açılacağını söyledi."],
    "cp1255": ["השר אמר שהגשר ייפתח מאוחר יותר."],
    "cp1256": ["قال الوزير إن الجسر سيفتتح لاحقا."],
    "shift_jis": ["大統領は理由を述べずに訪問を中止した。", "こんにちは、世界。"],
    "cp932": ["名前,会社\n髙橋淳,㈱例\n①番,テスト\n", "お支払いは①銀行振込②現金のいずれかです。", "ｱｲｳｴｵ株式会社"],
    "iso2022_jp": ["会議は三月四日の午前十時に始まります。"],
    "iso2022_kr": ["회의는 3월 4일 오전 10시에 시작됩니다."],
    "cp949": ["똠방각하는 소설이다.", "펲시콜라와 햏자를 썼다."],
    "cp950": ["碁石公司的電話號碼是 0555。", "裏面有粧飾品。"],
    "euc_jp": ["大統領は理由を述べずに訪問を中止した。"],
    "gb18030": ["总统没有说明理由就取消了访问。", "你好，世界。", "中文文本"],
    "big5": ["總統沒有說明理由就取消了訪問。"],
    "euc_kr": ["대통령은 이유를 밝히지 않고 방문을 취소했다."],
}


@pytest.mark.parametrize(
    ("encoding", "text"), [(encoding, text) for encoding, texts in SENTENCES.items() for text in texts]
)
def test_a_sentence_in_an_old_encoding_is_read(encoding: str, text: str) -> None:
    assert decode(text.encode(encoding)) == text
    assert decode(f"Name;{text}\n".encode(encoding) * 1000) == f"Name;{text}\n" * 1000


def test_signs_that_windows_adds_to_a_japanese_mail_are_read() -> None:
    text = "①番は㈱例です。".encode("iso2022_jp_2004").replace(b"\x1b$(Q", b"\x1b$B")
    assert decode(text) == "①番は㈱例です。"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-8", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_unicode_is_read_with_and_without_a_mark(encoding: str) -> None:
    assert decode("Zürich – 東京\nis far away".encode(encoding)) == "Zürich – 東京\nis far away"


def test_utf8_with_a_bad_byte_stays_utf8() -> None:
    assert decode("Über die Brücke führt für alle Züge die größte Straße.".encode() + b"\xc3") == (
        "Über die Brücke führt für alle Züge die größte Straße.\ufffd"
    )


def test_line_ends_are_newlines() -> None:
    assert decode(b"one\r\ntwo\rthree\nfour\x1a") == "one\ntwo\nthree\nfour"
    assert decode(codecs.BOM_UTF16_LE + "a\r\nb".encode("utf-16-le")) == "a\nb"


def test_nothing_is_no_text() -> None:
    assert decode(b"") == ""


@pytest.mark.parametrize(
    "data",
    [
        b"\x89PNG\r\n\x1a\n" + bytes(range(256)),
        bytes(100),
        b"PK\x03\x04" + bytes(range(200, 256)),
        b"plain\x00text",
        bytes(range(256)) * 10,
    ],
)
def test_binary_data_is_no_text(data: bytes) -> None:
    with pytest.raises(DocumentError, match=r"^it holds binary data, not text$"):
        decode(data)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"The audit found a cause-and\x02effect link.", "The audit found a cause-andeffect link."),
        (b"a\x1fb, c\x1ed, e\x07f" + b" words" * 30, "ab, c-d, e f" + " words" * 30),
        (b"\x1b[31mERROR\x1b[0m no disk", "ERROR no disk"),
    ],
)
def test_stray_control_characters_are_left_out(data: bytes, text: str) -> None:
    assert decode(data) == text

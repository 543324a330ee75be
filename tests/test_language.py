"""Texts in other languages: guessed, split into sentences and words, searched and measured."""

from pathlib import Path

import numpy as np
import pytest

from rag import Index, Settings, build_index
from rag.evaluation.metrics import contains_answer, rouge_l, token_f1
from rag.index.embedder import Vectors
from rag.index.floor import measure_floor
from rag.language import FREQUENT_WORDS, guess_language
from rag.text import content_words, split_sentences
from tests.fakes import HashingEmbedder


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The court dismissed the appeal of the tenant, and that was the end.", "en"),
        ("Das Gericht wies die Klage ab, und damit ist der Fall für den Mieter zu Ende.", "de"),
        ("El tribunal rechazó el recurso del inquilino y las partes se fueron.", "es"),
        ("Le tribunal a rejeté la demande du locataire, et les parties sont parties.", "fr"),
        ("Mahkeme kiracının davasını reddetti ve bir daha dava açılmadı.", "tr"),
        ("Суд отклонил иск арендатора, и на этом всё закончилось.", "ru"),
        ("رفضت المحكمة دعوى المستأجر وانتهى الأمر", "ar"),
        ("法院驳回了租户的诉讼。", "en"),  # sentencex splits it by English rules as well
        ("Die Frist endet am 3. Mai 2024.", "de"),
        ("Die Kosten des Gutachtens des Architekten", "en"),  # too few words to say
        ("Total: 1,200", "en"),
        ("Le Monde, 12 May", "en"),
        ("", "en"),
    ],
)
def test_a_language_is_guessed_from_letters_and_frequent_words(text: str, language: str) -> None:
    assert guess_language(text) == language


def test_no_word_speaks_for_two_languages() -> None:
    words = " ".join(FREQUENT_WORDS.values()).split()
    assert len(words) == len(set(words))


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        (
            "Der Vertrag wurde am 3. Mai geschlossen und gilt im 19. Jahr. Es waren 5. Danach kam der Umzug.",
            ["Der Vertrag wurde am 3. Mai geschlossen und gilt im 19. Jahr.", "Es waren 5.", "Danach kam der Umzug."],
        ),
        (
            "Он приехал в 1990 г. и остался на ул. Ленина. Потом уехал.",
            ["Он приехал в 1990 г. и остался на ул. Ленина.", "Потом уехал."],
        ),
        (
            "Kale 19. yüzyılda yapıldı ve bir daha onarıldı. Sonra kapandı.",
            ["Kale 19. yüzyılda yapıldı ve bir daha onarıldı.", "Sonra kapandı."],
        ),
        ("大桥于去年开放。1991 年它关闭了。他说：“好！”", ["大桥于去年开放。", "1991 年它关闭了。", "他说：“好！”"]),
        ("It was built in 1990. Then it closed.", ["It was built in 1990.", "Then it closed."]),
        ("The dbg! macro prints. Wow! It works.", ["The dbg! macro prints.", "Wow!", "It works."]),
        ("$ make install. now\nIt is done.", ["$ make install. now", "It is done."]),
        ("They finished on the 3. Then they left the town.", ["They finished on the 3.", "Then they left the town."]),
        ("华沙是首都。它位于河畔！", ["华沙是首都。", "它位于河畔！"]),
        ("Max. depth: 118 metres. It is cold.", ["Max. depth: 118 metres.", "It is cold."]),
        ("The cat sat. they said: no", ["The cat sat.", "they said: no"]),
    ],
)
def test_sentences_end_by_the_rules_of_their_language(text: str, sentences: list[str]) -> None:
    assert [text[start:end] for start, end in split_sentences(text)] == sentences


def test_each_chinese_or_japanese_character_is_a_word() -> None:
    assert content_words("华沙 1999年 3.5") == {"华", "沙", "1999", "年", "3.5"}
    assert content_words("人口は五万") & content_words("五万人です")
    assert content_words("naïve Größe") == {"naïve", "größe"}


def test_answers_in_chinese_are_found_inside_a_sentence() -> None:
    assert contains_answer("它建于1870年到1939年。", ["1939年"])
    assert not contains_answer("它建于1870年。", ["1939年"])
    assert token_f1("萨克森花园", ["萨克森"]) == pytest.approx(0.75)  # 3 of 5 and 3 of 3


def test_rouge_l_knows_all_letters() -> None:
    assert rouge_l("Größe über alles", ["größe über alles"]) == 1.0
    assert rouge_l("суд отклонил иск", ["суд удовлетворил иск"]) == pytest.approx(2 / 3)


class NarrowEmbedder(HashingEmbedder):
    """Finds all texts similar, as embedders do that are trained with a low temperature."""

    def embed_query(self, text: str) -> Vectors:
        row = np.concatenate([[2.0], super().embed_query(text)]).astype(np.float32)[: self.dim]
        return row / np.float32(np.linalg.norm(row))


def test_the_floor_is_the_similarity_of_unrelated_texts() -> None:
    assert measure_floor(HashingEmbedder()) == 0.0
    assert measure_floor(NarrowEmbedder()) == pytest.approx(0.8, abs=0.05)


def test_words_do_not_outweigh_an_embedder_that_finds_all_texts_similar(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("The bridge over the river Lorn was opened by the minister in spring.")
    (tmp_path / "b.md").write_text("Lettuce grows in rows.")
    scores = []
    for name, embedder in {"wide": HashingEmbedder(), "narrow": NarrowEmbedder()}.items():
        build_index([tmp_path / "a.md", tmp_path / "b.md"], name=name, settings=settings, embedder=embedder)
        with Index(settings.index_dir / name, embedder) as index:
            scores.append([hit.score for hit in index.search("Who opened the bridge?", k=2)])
    wide, narrow = scores
    assert narrow == pytest.approx(wide, abs=0.15)

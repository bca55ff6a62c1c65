"""Pieces of pages: what comes in is text, and nothing else."""

from rendering import html


def test_texts_are_escaped_and_a_page_may_ask_for_nothing() -> None:
    page = html.document("<b>", "body{}", html.card("<i>", "<p>kept</p>"))
    assert "<title>&lt;b&gt;</title>" in page
    assert "<h3>&lt;i&gt;</h3><p>kept</p>" in page
    assert "default-src 'none'; style-src 'unsafe-inline'" in page


def test_cells_have_the_colour_of_their_sign_or_of_their_text() -> None:
    assert '<td class="good">+1</td><td class="bad">−1</td>' in html.table(["a", "b"], [["+1", "−1"]])
    plain = html.table(["a", "b"], [["+1", "better"]], coloured=False, classes={"better": "good"})
    assert '<td>+1</td><td class="good">better</td>' in plain


def test_what_has_no_content_is_left_out() -> None:
    assert html.card("title", "") == html.section("title", "note") == html.warning("text", []) == html.columns() == ""

"""The page in both languages, both themes, wide and narrow, by keyboard alone and read out."""

import pytest

READY = "body[data-state=ready]"
CASES = [
    ("certified", 360, "light", "en-GB"), ("certified", 1200, "dark", "zh-CN"),
    ("lstm", 360, "dark", "zh-CN"), ("lstm", 1200, "light", "en-GB"), ("counter", 360, "light", "zh-CN"),
]  # fmt: skip

# The contrast of text with what is behind it, by the formula of WCAG 2, for every text that is seen.
CONTRASTS = """() => {
  const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = (colour) => {
    const [r, g, b] = numbers(colour).slice(0, 3).map((v) => v / 255)
      .map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    for (let each = element; each; each = each.parentElement) {
      const colour = getComputedStyle(each).backgroundColor;
      if ((numbers(colour)[3] ?? 1) === 1) return colour;
    }
    return getComputedStyle(document.documentElement).backgroundColor;
  };
  const low = [];
  for (const each of document.querySelectorAll("body *")) {
    const hasText = [...each.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    const isSkipped = each.closest("script, noscript, svg, option, :disabled") || !each.offsetParent;
    if (!hasText || isSkipped) continue;
    const [a, b] = [light(getComputedStyle(each).color), light(behind(each))].sort((x, y) => y - x);
    const contrast = (a + 0.05) / (b + 0.05);
    if (contrast < 4.5) low.push(`${each.tagName}#${each.id}.${each.className} ${contrast.toFixed(2)}`);
  }
  return low;
}"""


@pytest.mark.parametrize(("name", "width", "scheme", "locale"), CASES)
def test_it_fits_and_can_be_read(pages, open_page, name, width, scheme, locale):
    page = open_page(pages.page(name), width=width, color_scheme=scheme, locale=locale)

    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator("html").get_attribute("lang") == ("zh-Hans" if locale == "zh-CN" else "en")
    assert page.evaluate(CONTRASTS) == []
    shade = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert shade == ("rgb(251, 250, 247)" if scheme == "light" else "rgb(21, 22, 24)")


def test_low_contrast_is_noticed(pages, open_page):
    page = open_page(pages.page("certified"))
    page.locator("#outcome").evaluate("element => { element.style.color = '#bbbbbb' }")
    page.evaluate("document.documentElement.dataset.theme = 'light'")

    assert any("#outcome" in each for each in page.evaluate(CONTRASTS))


def test_theme_and_language_are_a_choice(pages, open_page):
    page = open_page(pages.page("certified"), locale="en-GB", color_scheme="light")

    page.locator("#theme").select_option("dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(21, 22, 24)"
    assert page.evaluate(CONTRASTS) == []
    page.locator("#language").select_option("zh")
    assert page.locator("h1").inner_text() == "看网络如何进位"
    assert "答案的" in page.locator("#outcome").inner_text()
    assert page.locator("#next").get_attribute("aria-label") == "下一个位置"
    page.locator("#language").select_option("en")
    assert page.locator("h1").inner_text() == "Watch a network carry"
    assert "All" in page.locator("#outcome").inner_text()


def test_every_control_is_reached_by_tab_and_has_a_name(pages, open_page):
    page = open_page(pages.page("rnn"), locale="en-GB")
    page.locator("body").press("Tab")
    reached = {}
    for _ in range(60):
        found = page.evaluate(
            """() => {
              const element = document.activeElement;
              const named = element.getAttribute("aria-label") || element.textContent.trim()
                || [...(element.labels ?? [])].map((label) => label.textContent.trim()).join(" ");
              return [element.id || element.tagName, named];
            }"""
        )
        if found[0] in reached and found[0] != "BODY":
            break
        reached[found[0]] = found[1]
        page.keyboard.press("Tab")
    reached.pop("BODY", None)

    wanted = {
        "language", "theme", "operand-1", "operand-2", "random", "random-digits", "hardest", "failing",
        "columns", "first", "back", "play", "next", "last", "speed", "SUMMARY", "counterexample",
        "snapshot", "layer",
    }  # fmt: skip
    assert wanted <= set(reached)
    assert all(reached.values()), reached


def test_pictures_are_described(pages, open_page):
    page = open_page(pages.page("certified"), locale="en-GB")

    for selector in ("#overview", "#heat", "#cloud svg", "#logits"):
        assert page.locator(selector).get_attribute("role") == "img"
        assert len(page.locator(selector).get_attribute("aria-label")) > 20
    assert page.get_by_role("table").first.get_by_role("rowheader").count() >= 6
    assert page.get_by_role("heading", level=2).count() == 4


def test_a_narrow_window_shows_the_columns_around_the_position(pages, open_page):
    page = open_page(pages.page("certified"), width=360)
    for number in (1, 2):
        page.locator(f"#operand-{number}").fill("1" * 50)
    page.wait_for_selector(READY)
    page.locator('#columns th[data-p="51"]').wait_for()
    page.locator("#columns").focus()
    page.keyboard.press("Home")

    shown = page.locator("#columns th[data-p]").count()
    assert 6 <= shown <= 12
    assert page.locator("#columns th.here").inner_text() == "0"
    page.set_viewport_size({"width": 1000, "height": 800})
    page.locator('#columns th[data-p="20"]').wait_for()

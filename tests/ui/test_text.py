"""Nothing handed in speaks on a page: the functions for it, and that every page uses them."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from fer.ui.text import in_words, plain, text

UI = Path(__file__).parents[2] / "fer" / "ui"

# Arguments that are Markdown: of Streamlit's functions, then of the pages' own that pass them on.
FIRST = {
    *("markdown", "caption", "write", "info", "warning", "error", "success", "toast", "title"),
    *("header", "subheader", "expander", "spinner", "button", "checkbox", "toggle", "radio"),
    *("selectbox", "multiselect", "slider", "select_slider", "number_input", "text_input"),
    *("segmented_control", "pills", "file_uploader", "camera_input", "metric", "download_button"),
    *("say", "caption", "text"),
}
SECOND = {"progress", "show_figure", "metric"}
NAMED = {"label", "help", "text", "title", "reading", "label_visibility"}
# Take Markdown as an argument and pass it on; their callers are checked.
FORWARD_FIRST = {
    *("pressed", "download", "kept_toggle", "kept_choice", "file_button", "progress_bar"),
    "one_of",
}
FIRST |= FORWARD_FIRST
PASS_ON = FORWARD_FIRST | {"show_figure", "table_expander", "choose_data"}
# Of the page's own words and of records that came with the models, read one by one.
REVIEWED = {
    ("dataset/structure.py", "', '.join(parts)"),
    ("model/literature.py", "about_times(found)"),
    ("model/literature.py", "'\\n'.join(differences)"),
    ("model/literature.py", "'\\n'.join(signs)"),
    ("model/making.py", "reading"),
    ("model/overview.py", "'; '.join(parts)"),
    ("photos/gallery.py", "circle[0]"),
    ("photos/gallery.py", "circle[1]"),
    ("photos/gallery.py", "name"),
    ("sections.py", "label"),
    ("webcam/events.py", "said"),
    ("webcam/page.py", "circle[0]"),
    ("webcam/page.py", "circle[1]"),
    ("webrtc/connection.py", "step"),
}
OF_TEXT = {"plain", "text", "duration", "clock", "nearest", "_mebibytes", "_limits_text", "_shown"}

NUMBER = re.compile(r"[-+0-9,.]*[,df%]")


class Module:
    """What the check needs to know of one file."""

    def __init__(self, path: Path) -> None:
        self.name = path.relative_to(UI).as_posix()
        self.tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(self.tree):
            for child in ast.iter_child_nodes(node):
                child.parent = node  # type: ignore[attr-defined]
        self.functions = {
            node.name: node for node in ast.walk(self.tree) if isinstance(node, ast.FunctionDef)
        }

    def scope(self, node: ast.AST) -> ast.AST:
        while not isinstance(node, ast.FunctionDef | ast.Module):
            node = node.parent  # type: ignore[attr-defined]
        return node

    def safe(self, node: ast.expr | None) -> bool:
        """Whether an expression can hold nothing but the page's own words and numbers."""
        if node is not None and (self.name, ast.unparse(node)) in REVIEWED:
            return True
        match node:
            case None | ast.Constant():
                return True
            case ast.JoinedStr(values):
                return all(map(self.safe, values))
            case ast.FormattedValue(value, _, spec):
                number = isinstance(spec, ast.JoinedStr) and NUMBER.fullmatch(
                    "".join(str(v.value) for v in spec.values if isinstance(v, ast.Constant))
                )
                return bool(number) or self.safe(value)
            case ast.BinOp(left, ast.Add(), right):
                return self.safe(left) and self.safe(right)
            case ast.BoolOp(_, values):
                return all(map(self.safe, values))
            case ast.IfExp(_, body, orelse):
                return self.safe(body) and self.safe(orelse)
            case ast.Subscript(value, _):
                return isinstance(value, ast.Name) and value.id.strip("_").isupper()
            case ast.Call(ast.Name(name), _):
                own = self.functions.get(name)
                return name in OF_TEXT or (own is not None and self._answers_safely(own))
            case ast.Call(ast.Attribute(value, "format"), values, []):
                return self.safe(value) and all(isinstance(v, ast.Attribute) for v in values)
            case ast.Name(name):
                return name.strip("_").isupper() or self._variable_is_safe(node, name)
        return False

    def _answers_safely(self, function: ast.FunctionDef) -> bool:
        answers = [n.value for n in ast.walk(function) if isinstance(n, ast.Return)]
        return bool(answers) and all(map(self.safe, answers))

    def _variable_is_safe(self, node: ast.AST, name: str) -> bool:
        scope = self.scope(node)
        if isinstance(scope, ast.Module):
            return False
        arguments = scope.args
        if name in {a.arg for a in (*arguments.args, *arguments.kwonlyargs)}:
            return scope.name in PASS_ON
        given = []
        for inner in ast.walk(scope):
            match inner:
                case ast.Assign([ast.Name(target)], value) if target == name:
                    given.append(value)
                case ast.AugAssign(ast.Name(target), _, value) if target == name:
                    given.append(value)
                case ast.AnnAssign(ast.Name(target), _, value) if target == name:
                    given.append(value)
                case ast.Assign([ast.Tuple(targets)], value):
                    if name in {t.id for t in targets if isinstance(t, ast.Name)}:
                        listed = value.elts if isinstance(value, ast.Tuple) else []
                        given += listed or [ast.Starred(value, ast.Load())]
        return bool(given) and all(map(self.safe, given))

    def raw(self) -> Iterator[str]:
        """Places where something dynamic would be Markdown."""
        for node in ast.walk(self.tree):
            if not isinstance(node, ast.Call):
                continue
            function = node.func
            name = function.attr if isinstance(function, ast.Attribute) else ""
            name = function.id if isinstance(function, ast.Name) else name
            values = name in ("say", "caption", "text")
            markdown = [] if values else [k.value for k in node.keywords if k.arg in NAMED]
            # A card's metric is looked up by its name.
            card = isinstance(function, ast.Attribute) and ast.unparse(function.value) == "card"
            markdown += node.args[:1] if name in FIRST and not card else []
            markdown += node.args[1:2] if name in SECOND else []
            if name not in FIRST | SECOND | PASS_ON:
                continue
            for value in markdown:
                if not self.safe(value):
                    yield f"{self.name}:{value.lineno}: {name}({ast.unparse(value)})"


def test_no_page_shows_anything_dynamic_as_markdown() -> None:
    found = [
        place
        for path in sorted(UI.rglob("*.py"))
        if path.name != "text.py"
        for place in Module(path).raw()
    ]
    assert not found, "say it with fer.ui.text:\n" + "\n".join(found)


@pytest.mark.parametrize(
    ("source", "caught"),
    [
        ("st.markdown(name)", True),
        ("st.error(str(fault))", True),
        ("st.caption(f'{dataset.source} is open')", True),
        ("st.button('Go', help=card.note)", True),
        ("columns[0].metric('Model', f'{card.name}')", True),
        ("def f(x):\n  said = 'a'\n  said += x.name\n  st.info(said)", True),
        ("def f(x):\n  said = 'a'\n  said += f'{x:,}'\n  st.info(said)", False),
        ("st.markdown(text('**{n}**', n=name))", False),
        ("st.markdown(f'{count:,} of {share:.0%}')", False),
        ("st.info(HINTS[fault])", False),
    ],
)
def test_the_check_tells_the_pages_words_from_others(
    source: str, caught: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "page.py"
    path.write_text(source)
    monkeypatch.setattr(f"{__name__}.UI", tmp_path)
    assert bool(list(Module(path).raw())) is caught


def shown(markdown: str) -> tuple[str, set[str]]:
    """What a browser shows of Markdown, and the kinds of things in it."""
    # linkify would need another package; bare addresses have a test of their own below.
    tokens = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(markdown)
    inner = [t for token in tokens for t in (token.children or [])]
    kinds = {t.type for t in (*tokens, *inner)}
    return "".join(t.content for t in inner), kinds


PLAIN_KINDS = {"paragraph_open", "paragraph_close", "inline", "text", "text_special", "html_entity"}


@given(st.text(min_size=1))
def test_any_name_is_shown_as_it_is_and_is_nothing_but_text(name: str) -> None:
    words = " ".join(name.encode("utf-8", "backslashreplace").decode().split())
    seen, kinds = shown(plain(name))
    assert kinds <= PLAIN_KINDS
    assert seen.replace("\N{WORD JOINER}", "") == words.replace("\N{WORD JOINER}", "").replace(
        "\0", "\ufffd"
    )


@pytest.mark.parametrize(
    "name",
    [
        "![x](http://192.0.2.1/b.png)",
        "<img src=http://192.0.2.1/b.png>",
        "[click](http://192.0.2.1)",
        "# heading",
        "1. list",
        "- list",
        "**bold** _it_ `code` ~~gone~~",
        "$x^2$",
        "&lt;b&gt;",
        "<b>&#60;script>",
        "a|b\n-|-",
    ],
)
def test_markup_in_a_name_stays_text(name: str) -> None:
    seen, kinds = shown(plain(name))
    assert kinds <= PLAIN_KINDS
    assert seen.replace("\N{WORD JOINER}", "") == " ".join(name.split())


def test_icons_colours_and_addresses_stay_text() -> None:
    # What Streamlit itself reads, beyond Markdown.
    for name in (":material/delete:", ":smile:", ":red[x]", ":blue-badge[x]"):
        assert plain(name).startswith("\\:")
    assert "http://" not in plain("see http://192.0.2.1/x")
    assert "www.ex" not in plain("see WWW.example.org www.example.org")
    assert "a@ex" not in plain("a@example.org")


def test_the_pages_words_stay_markdown_and_numbers_take_formats() -> None:
    assert text("**{n:,}** of {name}", n=1234, name="*a*") == "**1,234** of \\*a\\*"
    assert plain("my_file.csv, row 3: expected 2 values") == "my_file.csv, row 3: expected 2 values"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            "a.jpg: expected a JPEG or PNG picture, got a text; save it as one of these",
            "a.jpg: this needs a JPEG or PNG picture. Found: a text. Save it as one of these.",
        ),
        (
            "/no/file.csv: expected the data set (--data), found nothing; check the path",
            "/no/file.csv: this needs the data set (--data). Found: nothing. Check the path.",
        ),
        (
            "x: expected a readable file, got: Permission denied; allow it",
            "x: this needs a readable file. Found: Permission denied. Allow it.",
        ),
        ("expected two of them, got none", "Needed: two of them. Found: none."),
        ("Something else, expected or not", "Something else, expected or not"),
    ],
)
def test_an_error_is_said_in_plain_words(error: str, said: str) -> None:
    assert in_words(error) == said

"""Coming in, going out, and how the board looks."""

from starlette.responses import Response

from integrations.board.guard import COOKIE
from integrations.board.visit import LANGUAGES, THEMES, Visit, go, render

YEAR = 31_536_000


def sign_in_page(visit: Visit) -> Response:
    """The form for the token."""
    if visit.person is not None:
        return go("/")
    return render(visit, "door.html.j2", problem="")


def sign_in(visit: Visit) -> Response:
    """A session for who knows the token."""
    guard = visit.board.guard
    session = guard.sign_in(visit.form.get("name", ""), visit.form.get("token", ""))
    if session is None:
        shut = guard.shut(visit.board.desk.clock())
        return render(visit, "door.html.j2", 429 if shut else 403, problem=visit.say("door_shut" if shut else "wrong_token"))
    answer = go("/")
    answer.set_cookie(COOKIE, session, httponly=True, samesite="strict", path="/", secure=visit.secure)
    return answer


def sign_out(visit: Visit) -> Response:
    """The end of the session in this browser."""
    del visit
    answer = go("/sign-in")
    answer.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")
    return answer


def look(visit: Visit) -> Response:
    """Language and theme, kept in the browser."""
    answer = go(_own_path(visit.form.get("back", "/")))
    for name, known in (("language", LANGUAGES), ("theme", THEMES)):
        if visit.form.get(name) in known:
            answer.set_cookie(f"stoa_{name}", visit.form[name], max_age=YEAR, samesite="lax", path="/", httponly=True)
    return answer


def _own_path(path: str) -> str:
    """A path of this board; anything else leads to the book."""
    return path if path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable() else "/"

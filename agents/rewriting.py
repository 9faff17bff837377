"""Revisions in a model's words: the rules give the change, the model its meaning, in two requests a thesis."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from agents.answers import Revised, marks, parsed, schema_of, without_marks
from agents.briefing import persona, repair, revision_task, shared, typed_task
from agents.errors import ModelAnswerError, ModelContextError, ModelError
from agents.evidence import Pool
from agents.loop import Thinking
from agents.model import Answer, Prompt, Step
from agents.role import Role
from agents.turn import Task, Turn
from agents.workbench import Workbench
from memory.thesis import Evidence, Proposal

PIECES = 10
"""Pieces of evidence for one thesis."""
JUDGED = 0.01
"""A judgement that moves conviction less than this is none."""


Check = Callable[[str, Sequence[Evidence]], Sequence[str]]


class Rewriter(NamedTuple):
    """Who writes, who checks, and what every prompt of the run shares."""

    role: Role
    check: Check
    tools: str


def rewritten(task: Task, base: Turn, workbench: Workbench, by: Rewriter) -> Thinking[Turn]:
    """The base proposals with a model's rationale; all theses in step, so that twelve wait as long as one.

    A thesis whose answer cannot be used keeps the rules' own rationale and says so; the others are not touched by it.
    """
    jobs = [_Job(slug, task, base, workbench, by) for slug in dict.fromkeys(item.thesis for item in base.proposals)]
    if not jobs:
        return base
    for round_ in (_Job.prose, _Job.typed):
        open_ = [job for job in jobs if not job.failed]
        answers = yield [round_(job) for job in open_]
        for job, answer in zip(open_, answers, strict=True):
            job.take(answer)
    for job in jobs:
        job.read(by.check)
    again = [job for job in jobs if job.problems and not job.failed]
    if again:
        answers = yield [job.mend() for job in again]
        for job, answer in zip(again, answers, strict=True):
            job.take(answer)
            job.read(by.check)
    done = {job.slug: job for job in jobs}
    proposals = [changed for item in base.proposals for changed in done[item.thesis].applied(item)]
    judged = [item for job in jobs for item in job.judgement(workbench)]
    notes = tuple(f"{job.slug} keeps the rules' own rationale: {job.failed}" for job in jobs if job.failed)
    return base.model_copy(update={"proposals": (*proposals, *judged), "requests": (*base.requests, *notes)})


class _Job:
    """One thesis on its way through the two requests."""

    def __init__(self, slug: str, task: Task, base: Turn, workbench: Workbench, by: Rewriter) -> None:
        self.slug = slug
        self.failed = ""
        self.problems: list[str] = []
        self.revised: Revised | None = None
        self._texts: list[str] = []
        self._mine = [item for item in base.proposals if item.thesis == slug]
        found = [c for item in self._mine for c in item.evidence] + [c for p in task.posts if p.thesis == slug for c in p.citations]
        self._known = Pool({f"E{number}": item for number, item in enumerate(list(dict.fromkeys(found))[:PIECES], 1)})
        said = "\n".join(f"{post.role}: {post.text}" for post in task.posts if post.thesis == slug)
        self._prompt = Prompt(
            shared=shared(workbench.theses(task.theses), workbench.as_of, by.tools), role=persona(by.role), task="", agent=by.role.name,
            run_id=workbench.run_id, thesis=slug, tier=by.role.model, effort=by.role.effort,
        )  # fmt: skip
        self._channel = f"<channel>\n{said}\n</channel>" if said else ""

    def prose(self) -> Prompt:
        given = " ".join(item.rationale.split(" The sources say: ")[0] for item in self._mine)
        return self._prompt.model_copy(
            update={
                "passages": self._known.passages(), "channel": self._channel, "cite": True, "task": revision_task(self.slug, given),
            }
        )  # fmt: skip

    def typed(self) -> Prompt:
        return self._prompt.model_copy(
            update={"task": typed_task(self.slug, self._texts[-1], list(self._known.items)), "schema_": schema_of(Revised)}
        )

    def mend(self) -> Prompt:
        step = Step(said=self._texts[-1], told=repair("Answer with the JSON object only.", self.problems))
        return self.typed_of(self._texts[0]).model_copy(update={"steps": (step,), "passages": self._known.passages()})

    def typed_of(self, prose: str) -> Prompt:
        return self._prompt.model_copy(
            update={"task": typed_task(self.slug, prose, list(self._known.items)), "schema_": schema_of(Revised)}
        )

    def take(self, answer: Answer | ModelError) -> None:
        if isinstance(answer, ModelAnswerError | ModelContextError):
            self.failed = str(answer)
        elif isinstance(answer, ModelError):
            raise answer
        else:
            cited = [item.passage for item in answer.cited]
            text = answer.text if not cited or marks(answer.text) else f"{answer.text} [{', '.join(dict.fromkeys(cited))}]"
            self._texts.append(text)

    def read(self, check: Check) -> None:
        """Take the typed answer; one that cannot be read is a problem once, and a failure the second time."""
        if self.failed:
            return
        first = not self.problems
        try:
            self.revised = parsed(self._texts[-1], Revised)
            self.problems = list(check(without_marks(self.revised.rationale), self._cited())) if first else self.problems
        except ModelAnswerError as error:
            self.problems = [str(error)]
            self.failed = "" if first else str(error)

    def _cited(self) -> tuple[Evidence, ...]:
        if self.revised is None:
            return ()
        return self._known.of([*self.revised.evidence, *marks(self.revised.rationale)])

    def applied(self, item: Proposal) -> list[Proposal]:
        """A base proposal with the model's words; the challenge by a falsifier keeps its own."""
        if self.failed or self.revised is None or "conviction" not in item.patch:
            return [item]
        head = item.rationale.split(". ", 1)[0]
        evidence = tuple(dict.fromkeys([*item.evidence, *self._cited()]))
        return [item.model_copy(update={"rationale": f"{head}. {without_marks(self.revised.rationale)}", "evidence": evidence})]

    def judgement(self, workbench: Workbench) -> list[Proposal]:
        """What the model would change beyond the rules: always a person's to decide."""
        if self.failed or self.revised is None or self.revised.conviction is None:
            return []
        moved = [item.patch["conviction"] for item in self._mine if "conviction" in item.patch]
        entry = workbench.book.get(self.slug, workbench.as_of)
        before = float(moved[-1]) if moved else entry.thesis.conviction
        if abs(self.revised.conviction - before) < JUDGED:
            return []
        text = f"Judgement: conviction {before:.2f} → {self.revised.conviction:.2f}. {without_marks(self.revised.why)}"
        return [
            Proposal(
                thesis=self.slug, against=entry.revision.hash, author=self._prompt.agent, run_id=workbench.run_id, judgement=True,
                patch={"conviction": self.revised.conviction}, rationale=text, evidence=self._cited(),
                idempotency_key=f"{self.slug}:judgement:{workbench.run_id}",
            )
        ]  # fmt: skip

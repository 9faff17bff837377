"""Agents for the channel's tests: the port's smallest implementations."""

import threading

from agents.turn import Post, Turn


class OneByOne:
    """Takes its tasks one after the other, by ``take``, and spends nothing."""

    def take_all(self, tasks, workbench, say=None):
        del say
        for task in tasks:
            yield self.take(task, workbench)

    def left(self, run_id):
        return 1.0


class Echo(OneByOne):
    """Says back what it was asked, under its role."""

    def take(self, task, workbench):
        return Turn(posts=(Post(role=task.role, text=f"{task.role} heard: {task.question}"),))


class Says(OneByOne):
    """The same text whatever it is asked."""

    def __init__(self, text, citations=()):
        self.text, self.citations = text, citations

    def take(self, task, workbench):
        return Turn(posts=(Post(role=task.role, text=self.text, citations=self.citations),))


class Relay(OneByOne):
    """The quant hands over to the data analyst, and so on round the table; each turn waits until it is let go."""

    def __init__(self):
        self.asked = threading.Semaphore(0)
        self.go = threading.Semaphore(0)
        self.tasks = []

    def take(self, task, workbench):
        self.tasks.append(task)
        self.asked.release()
        assert self.go.acquire(timeout=10)
        following = "data-analyst" if task.role == "quant" else "quant"
        return Turn(posts=(Post(role=task.role, text=f"{task.role} on {task.question}", to=(following,)),))

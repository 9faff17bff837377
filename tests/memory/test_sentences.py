from memory.sentences import counted


def test_a_number_comes_with_its_noun():
    assert [counted(n, "post") for n in (0, 1, 2)] == ["0 posts", "1 post", "2 posts"]
    assert [counted(n, "thesis", "theses") for n in (1, 25)] == ["1 thesis", "25 theses"]

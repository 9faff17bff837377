"""Words in every script."""

print("白銀 ¥ 银 été Ω 🙂 שלום")

# The image of compose.yaml: Stoa with every library at the version, and with the hash, of the lock file.
FROM python:3.11
RUN pip install --no-cache-dir uv
WORKDIR /stoa
COPY requirements.lock ./
RUN uv pip install --system --no-cache --compile-bytecode --require-hashes --requirements requirements.lock
COPY . ./
RUN uv pip install --system --no-cache --compile-bytecode --no-deps .
WORKDIR /desk
ENV HOME=/tmp
CMD ["stoa", "--help"]

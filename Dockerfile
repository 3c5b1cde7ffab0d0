# The README's two commands in a container. The usual PyTorch brings GPU libraries along; without a GPU name its CPU index:
# --build-arg PIP_EXTRA_INDEX_URL=ADDRESS (pytorch.org has the address).
FROM python:3.11

ARG PIP_EXTRA_INDEX_URL=
ENV LMSTUDY_CACHE=/cache
WORKDIR /lmstudy
COPY . .
RUN make .venv/.ready
ENV PATH=/lmstudy/.venv/bin:$PATH
CMD ["make", "book"]

"""The usual Python pipeline for asking documents, as a reference for `cargo xtask bench ingest`.

`pipeline.py add FOLDER STORE MODEL.onnx TOKENIZER.json THREADS` reads every file (PyMuPDF for PDF,
BeautifulSoup with lxml for HTML), splits the texts into about 1,000 characters (by the rule of
langchain's RecursiveCharacterTextSplitter), makes vectors (ONNX Runtime, all-MiniLM-L6-v2) and puts them into a Chroma store on disk.

`pipeline.py read FILE...` only reads, each file by itself.

Both print one line of JSON. Seconds are of the parts; the caller times the whole process.
"""

import json
import os
import sys
from importlib.metadata import version
from time import perf_counter

# What langchain's users take, most often; its separators.
CHARACTERS, OVERLAP = 1000, 100
SEPARATORS = "\n\n", "\n", " ", ""
MAX_TOKENS = 256
# Chunks that go through the model and into the store at once.
BATCH = 512


def read(path):
    """The text of a file and how many pages it has."""
    kind = os.path.splitext(path)[1].lower()
    if kind == ".pdf":
        import pymupdf

        with pymupdf.open(path) as document:
            return "\n".join(page.get_text() for page in document), document.page_count
    with open(path, "rb") as file:
        content = file.read()
    if kind in (".html", ".htm", ".xhtml"):
        from bs4 import BeautifulSoup

        return BeautifulSoup(content, "lxml").get_text("\n", strip=True), None
    return content.decode("utf-8", "replace"), None


def split(text, separators=SEPARATORS):
    """Parts of at most CHARACTERS, cut at the first separator that the text has; a part begins with
    the last pieces of the one before, as far as they are no longer than OVERLAP. The package itself
    brings forty others, which pip takes very long to agree on."""
    separator = next(one for one in separators if one in text)
    finer = separators[separators.index(separator) + 1 :]
    parts, held, length = [], [], 0

    def end():
        part = separator.join(held).strip()
        if part:
            parts.append(part)

    for piece in text.split(separator) if separator else text:
        if len(piece) > CHARACTERS:
            end()
            held, length = [], 0
            parts.extend(split(piece, finer))
            continue
        if held and length + len(separator) + len(piece) > CHARACTERS:
            end()
            while held and (length > OVERLAP or length + len(separator) + len(piece) > CHARACTERS):
                length -= len(held.pop(0)) + (len(separator) if held else 0)
        length += len(piece) + (len(separator) if held else 0)
        held.append(piece)
    end()
    return parts


def read_only(files):
    # Importing is not reading.
    import bs4  # noqa: F401
    import lxml  # noqa: F401
    import pymupdf  # noqa: F401

    figures = []
    for file in files:
        started = perf_counter()
        error, pages, text = None, None, ""
        try:
            text, pages = read(file)
        except Exception as caught:
            error = f"{type(caught).__name__}: {caught}"
        figures.append(
            {
                "file": file,
                "bytes": os.path.getsize(file),
                "pages": pages,
                "characters": len(text),
                "milliseconds": (perf_counter() - started) * 1e3,
                "error": error,
            }
        )
    return {"files": figures}


def add(folder, store, model, tokenizer, threads):
    seconds, last = {}, perf_counter()

    def done(part):
        nonlocal last
        now = perf_counter()
        seconds[part] = seconds.get(part, 0) + now - last
        last = now

    import chromadb
    from onnx_engine import Engine

    done("import")
    texts, failed, pages = [], [], 0
    for place, _, names in sorted(os.walk(folder)):
        for name in sorted(names):
            path = os.path.join(place, name)
            try:
                text, count = read(path)
                texts.append((path, text))
                pages += count or 0
            except Exception as error:
                failed.append(f"{path}: {type(error).__name__}: {error}")
    done("read")
    chunks = [(path, part) for path, text in texts for part in split(text)]
    done("split")
    engine = Engine(model, tokenizer, MAX_TOKENS, threads)
    engine.load()
    client = chromadb.PersistentClient(
        store, chromadb.config.Settings(anonymized_telemetry=False)
    )
    collection = client.create_collection("documents", metadata={"hnsw:space": "cosine"})
    done("open")
    given = seen = 0
    for start in range(0, len(chunks), BATCH):
        batch = chunks[start : start + BATCH]
        vectors, _ = engine.compute([part for _, part in batch])
        done("embed")
        given += sum(len(part) for _, part in batch)
        seen += engine.characters([part for _, part in batch])
        done("count what the model saw")
        collection.add(
            ids=[str(start + place) for place in range(len(batch))],
            documents=[part for _, part in batch],
            embeddings=vectors,
            metadatas=[{"path": path} for path, _ in batch],
        )
        done("store")
    return {
        "documents": len(texts),
        "passages": collection.count(),
        "pages": pages,
        "failed": failed,
        # Of the characters, those that are in a vector: the model reads no more than MAX_TOKENS.
        "seen": seen / max(given, 1),
        "seconds": seconds,
    }


def about():
    names = "pymupdf", "beautifulsoup4", "lxml", "onnxruntime", "chromadb"
    return {"about": ", ".join(f"{name} {version(name)}" for name in names)}


def main():
    operation, *rest = sys.argv[1:]
    if operation == "add":
        folder, store, model, tokenizer, threads = rest
        reply = add(folder, store, model, tokenizer, int(threads))
    elif operation == "read":
        reply = read_only(rest)
    else:
        reply = about()
    print(json.dumps(reply), flush=True)


if __name__ == "__main__":
    main()

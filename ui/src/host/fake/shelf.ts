/** An invented folder as documents of the library. */
import type { Document, StateCounts } from "../../wire/generated";
import { type Parsed, parse } from "./documents";
import type { FakeFolder } from "./texts";

const HOUR = 3_600_000;

export interface Stored {
	info: Document;
	parsed: Parsed | null;
}

export function countsOf(documents: readonly Stored[]): StateCounts {
	const of = (state: Document["state"]) => documents.filter(({ info }) => info.state === state).length;
	return {
		total: documents.length - of("missing"),
		indexed: of("indexed"),
		words: of("words"),
		waiting: of("waiting") + of("reading"),
		stale: of("stale"),
		needs_ocr: of("needs_ocr"),
		needs_password: of("needs_password"),
		failed: of("failed"),
		skipped: of("skipped"),
		missing: of("missing"),
	};
}

/** Its documents, those that were read and those that were not. */
export function shelve(folder: FakeFolder, source: number, nextId: () => number): Stored[] {
	const stored: Stored[] = [];
	const base = {
		source, reason: null, reason_detail: null, warnings: [], pages: null, passages: 0, since_ms: Date.now() - HOUR,
		copy_of: null, author: null, date: null, language: null, tags: [],
	}; // biome-ignore format: fields in one line
	for (const text of folder.texts) {
		const parsed = parse(text);
		const { path, title, format, size } = text;
		const info: Document = {
			...base, id: nextId(), path, title, format, size_bytes: size, state: "indexed",
			pages: parsed.pages, passages: parsed.chunks.length, ...text.more,
		}; // biome-ignore format: fields in one line
		stored.push({ info, parsed });
	}
	for (const { path, state, reason, detail, size, copyOf } of folder.others) {
		const title = path.split("/").at(-1) ?? path;
		const info: Document = {
			...base, id: nextId(), path, title, format: null, size_bytes: size, state, reason, reason_detail: detail ?? null,
			copy_of: (copyOf && stored.find(({ info: one }) => one.path === copyOf)?.info.id) || null,
		}; // biome-ignore format: fields in one line
		stored.push({ info, parsed: null });
	}
	return stored;
}

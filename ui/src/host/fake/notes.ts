/** The invented folder of notes: with versions, links both ways, tags, and other programs that write. */
import type { Calls, Note, NoteLink, NoteSummary } from "../../wire/generated";
import { apiError } from "./options";

const DAY = 86_400_000;
const PROPOSED = "/home/ada/Documents/docent notes";

interface Stored {
	text: string;
	modified_ms: number;
}

interface Version {
	id: number;
	path: string;
	text: string;
	saved_ms: number;
}

const BEGINNING: Record<string, string> = {
	"Apiary plan.md": `# Apiary plan

What to do with the six hives next year. See [[Varroa]] and [[Queen rearing]].

- [ ] order foundations
- [x] paint the floors

#bees #plans/2025`,
	"Varroa.md": `# Varroa

Formic acid in late July, oxalic acid in December. The dates stand in the [[Apiary plan]].

| Hive | Fall per day |
|---|---|
| 3 | 14 |
| 5 | 2 |

#bees`,
	"garden/温室.md": `# 温室

夜间覆盖草帘，日出后半小时卷起。另见 [[Apiary plan]]。

#花园`,
	"Reading list.md": `# Reading list

The lighthouse keeper, to be finished by May.

#books`,
};

const stem = (path: string) => (path.split("/").at(-1) ?? path).replace(/\.md$/, "");
const titleOf = (path: string, text: string) => /^# +(.+)$/m.exec(text)?.[1]?.trim() || stem(path);
const tagsOf = (text: string) => [
	...new Set([...text.matchAll(/(?:^|\s)#([\p{L}\p{N}_/-]+)/gu)].map((match) => match[1] ?? "")),
];
const linksIn = (text: string) =>
	[...text.matchAll(/\[\[([^\]|#\n]+)[^\]\n]*\]\]/g)].map((match) => match[1] ?? "");

/** Not a good hash, but another one for another text. */
function hash(text: string): string {
	let value = 5381;
	for (const char of text) value = (value * 33 + (char.codePointAt(0) ?? 0)) >>> 0;
	return `${value.toString(16)}-${text.length}`;
}

export class FakeNotes {
	folder: string | null;
	#files = new Map<string, Stored>();
	/** Folders that were used before. */
	#others = new Map<string, Map<string, Stored>>();
	#versions: Version[] = [];
	#nextVersion = 1;

	constructor(filled: boolean) {
		this.folder = filled ? PROPOSED : null;
		if (!filled) return;
		Object.entries(BEGINNING).forEach(([path, text], index) => {
			this.#files.set(path, { text, modified_ms: Date.now() - index * 2 * DAY - 600_000 });
		});
	}

	get count(): number {
		return this.#files.size;
	}

	list({ text, tag }: Calls["list_notes"]["req"]): Calls["list_notes"]["res"] {
		const wanted = text?.toLowerCase() ?? "";
		const counts = new Map<string, number>();
		const notes: NoteSummary[] = [];
		for (const [path, { text: body, modified_ms }] of this.#files) {
			const tags = tagsOf(body);
			for (const one of tags) counts.set(one, (counts.get(one) ?? 0) + 1);
			const tagged = tag === null || tags.some((one) => one === tag || one.startsWith(`${tag}/`));
			if (!tagged || !`${path}\n${body}`.toLowerCase().includes(wanted)) continue;
			const excerpt = body
				.replace(/^# .*\n+/, "")
				.replace(/\s+/g, " ")
				.slice(0, 140);
			notes.push({ path, title: titleOf(path, body), excerpt, tags, modified_ms });
		}
		return {
			folder: this.folder,
			proposed_folder: PROPOSED,
			notes: notes.sort((a, b) => b.modified_ms - a.modified_ms),
			tags: [...counts].map(([name, count]) => ({ tag: name, count })).sort((a, b) => b.count - a.count),
		};
	}

	setFolder(path: string | null): Calls["set_notes_folder"]["res"] {
		const next = path ?? PROPOSED;
		if (this.folder !== null && next !== this.folder) {
			this.#others.set(this.folder, this.#files);
			this.#files = this.#others.get(next) ?? new Map();
		}
		this.folder = next;
		return this.list({ text: null, tag: null });
	}

	read(path: string): Note {
		const found = this.#files.get(path);
		if (!found) throw apiError("not_found", `no note ${path}`, path);
		const title = titleOf(path, found.text);
		const byName = (name: string) =>
			[...this.#files].find(
				([other, { text }]) =>
					stem(other).toLowerCase() === name.toLowerCase() ||
					titleOf(other, text).toLowerCase() === name.toLowerCase(),
			)?.[0] ?? null;
		const backlinks: NoteLink[] = [...this.#files]
			.filter(([other, { text }]) => other !== path && linksIn(text).some((name) => byName(name) === path))
			.map(([other, { text }]) => ({ name: titleOf(other, text), path: other }));
		return {
			path,
			title,
			text: found.text,
			version: hash(found.text),
			tags: tagsOf(found.text),
			links: [...new Set(linksIn(found.text))].map((name) => ({ name, path: byName(name) })),
			backlinks,
			document: null,
			modified_ms: found.modified_ms,
		};
	}

	#free(path: string): string {
		if (!this.#files.has(path)) return path;
		for (let n = 2; ; n += 1) {
			const next = path.replace(/\.md$/, ` ${n}.md`);
			if (!this.#files.has(next)) return next;
		}
	}

	#keep(path: string, text: string): void {
		this.#versions.push({ id: this.#nextVersion, path, text, saved_ms: Date.now() });
		this.#nextVersion += 1;
	}

	save({ path, text, version, keep }: Calls["save_note"]["req"]): Calls["save_note"]["res"] {
		if (this.folder === null) throw apiError("no_notes_folder");
		const first = text.split("\n").find((line) => line.trim() !== "") ?? "";
		const name = first
			.replace(/^#+ +/, "")
			.replace(/[\\/:*?"<>|]/g, " ")
			.trim()
			.slice(0, 60);
		let target = path ?? this.#free(`${name || "Untitled"}.md`);
		const before = this.#files.get(target);
		const conflict = before !== undefined && version !== null && hash(before.text) !== version;
		if (conflict) target = this.#free(target.replace(/\.md$/, " (conflict).md"));
		else if (before && (keep || !this.#versions.some((one) => one.path === target))) {
			this.#keep(target, before.text);
		}
		this.#files.set(target, { text, modified_ms: Date.now() });
		return { note: this.read(target), conflict };
	}

	rename(path: string, to: string): Note {
		const next = to.endsWith(".md") ? to : `${to}.md`;
		const found = this.#files.get(path);
		if (!found) throw apiError("not_found", `no note ${path}`, path);
		if (/\.\.|^\/|[\\:*?"<>|]/.test(next)) throw apiError("bad_path", `not a name: ${next}`, next);
		if (this.#files.has(next)) throw apiError("path_taken", `${next} exists`, next);
		this.#files.delete(path);
		this.#files.set(next, found);
		for (const one of this.#versions) if (one.path === path) one.path = next;
		return this.read(next);
	}

	delete(path: string): void {
		const found = this.#files.get(path);
		if (!found) throw apiError("not_found", `no note ${path}`, path);
		this.#keep(path, found.text);
		this.#files.delete(path);
	}

	versions(path: string): Calls["note_versions"]["res"] {
		const versions = this.#versions
			.filter((one) => one.path === path)
			.map(({ id, saved_ms, text }) => ({ id, saved_ms, bytes: new TextEncoder().encode(text).length }));
		return { versions: versions.reverse() };
	}

	version(id: number): Calls["note_version"]["res"] {
		const found = this.#versions.find((one) => one.id === id);
		if (!found) throw apiError("not_found", `no version ${id}`);
		return { text: found.text };
	}

	/** Another program writes. */
	writeBehind(path: string, text: string): void {
		this.#files.set(path, { text, modified_ms: Date.now() });
	}
}

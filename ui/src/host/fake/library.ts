/** The invented sources, documents and collections. */
import type {
	Calls,
	Collection,
	Document,
	DocumentsReq,
	Source,
	SourceRules,
	Streams,
} from "../../wire/generated";
import type { Parsed } from "./documents";
import { apiError } from "./options";
import type { Searchable } from "./retrieval";
import { leftOut, overSize, USUAL_RULES } from "./rules";
import { countsOf, type Stored, shelve } from "./shelf";
import { type FakeFolder, FOLDERS, SAMPLE } from "./texts";

const HOUR = 3_600_000;

type Scope = Streams["ask"]["req"]["scope"];
type Kept = Omit<Source, "counts" | "collections" | "unreadable_count">;

/** States from which a document can be queued again, as in the core. */
const RETRIED: readonly Document["state"][] = ["failed", "needs_ocr", "needs_password", "skipped"];

/** What is being read is counted and listed among what waits, as in the core. */
const fits = (state: Document["state"], wanted: Document["state"]): boolean =>
	state === wanted || (wanted === "waiting" && state === "reading");

export class FakeLibrary {
	#sources: Kept[] = [];
	#all: Stored[] = [];
	#collections: Collection[] = [];
	#nextId: () => number;

	constructor(nextId: () => number) {
		this.#nextId = nextId;
	}

	get sourceCount(): number {
		return this.#sources.length;
	}

	get hasSample(): boolean {
		return this.#sources.some(({ path }) => path === SAMPLE.path);
	}

	/** Documents that are in the library: what the rules leave out is not. */
	get documents(): Stored[] {
		const rules = new Map(this.#sources.map((source) => [source.id, source.rules]));
		return this.#all.filter(({ info }) => {
			const own = rules.get(info.source);
			return own !== undefined && !leftOut(info.path, own);
		});
	}

	collection(name: string): Collection {
		const known = this.#collections.find((one) => one.name === name);
		if (known) return known;
		const made: Collection = { id: this.#nextId(), name, sources: [], documents: [] };
		this.#collections.push(made);
		return made;
	}

	addFolder(folder: FakeFolder): number {
		const source: Kept = {
			id: this.#nextId(),
			path: folder.path,
			name: folder.name,
			is_folder: true,
			rules: USUAL_RULES,
			reachable: folder.reachable ?? true,
			unreadable: folder.unreadable ?? [],
			watched: folder.watched ?? true,
			scanned_ms: Date.now() - 2 * HOUR,
		};
		this.#sources.push(source);
		if (folder.collection !== null) this.collection(folder.collection).sources.push(source.id);
		this.#all = this.#all.concat(shelve(folder, source.id, this.#nextId));
		return source.id;
	}

	source(id: number): Source {
		const source = this.#sources.find((one) => one.id === id);
		if (!source) throw apiError("not_found", `no source ${id}`);
		return {
			...source,
			collections: this.#collections.filter(({ sources }) => sources.includes(id)).map((one) => one.id),
			counts: countsOf(this.documents.filter(({ info }) => info.source === id)),
			unreadable_count: source.unreadable.length,
		};
	}

	add(paths: string[], collection: number | null): Calls["add_sources"]["res"] {
		const added: Source[] = [];
		const rejected: Calls["add_sources"]["res"]["rejected"] = [];
		for (const path of paths) {
			const folder = [...FOLDERS, SAMPLE].find((one) => one.path === path);
			const known = this.#sources.find((one) => one.path === path);
			if (!known && !folder) {
				rejected.push({ path, code: "path_not_found", message: `${path}: no such file or folder` });
				continue;
			}
			const id = known?.id ?? this.addFolder(folder as FakeFolder);
			if (collection !== null) this.members({ collection, sources: [id], documents: [] }, true);
			added.push(this.source(id));
		}
		return { added, rejected };
	}

	list(): Calls["list_sources"]["res"] {
		return {
			sources: this.#sources.map(({ id }) => this.source(id)),
			collections: this.#collections.map((one) => ({ ...one })),
		};
	}

	removeSource(source: number): void {
		this.#sources = this.#sources.filter(({ id }) => id !== source);
		this.#all = this.#all.filter(({ info }) => info.source !== source);
		for (const one of this.#collections) one.sources = one.sources.filter((id) => id !== source);
	}

	renameCollection(collection: number, name: string): void {
		for (const one of this.#collections) if (one.id === collection) one.name = name;
	}

	deleteCollection(collection: number): void {
		this.#collections = this.#collections.filter(({ id }) => id !== collection);
	}

	/** Puts into a collection, or takes out. */
	members(req: Calls["add_to_collection"]["req"], into: boolean): void {
		const one = this.#collections.find(({ id }) => id === req.collection);
		if (!one) throw apiError("not_found", `no collection ${req.collection}`);
		const change = (now: number[], named: number[]) => [
			...now.filter((id) => !named.includes(id)),
			...(into ? named : []),
		];
		one.sources = change(one.sources, req.sources);
		one.documents = change(one.documents, req.documents);
	}

	setRules(source: number, rules: SourceRules): void {
		const before = this.source(source).rules;
		this.#sources = this.#sources.map((one) => (one.id === source ? { ...one, rules } : one));
		const again = before.forgotten.filter((path) => !rules.forgotten.includes(path));
		for (const stored of this.#all) {
			const { info } = stored;
			if (info.source !== source) continue;
			if (again.includes(info.path)) this.#change(stored, { state: "waiting", reason: null });
			else if (overSize(info, rules)) this.#change(stored, { state: "skipped", reason: "over_size_rule" });
			else if (info.reason === "over_size_rule" && rules.max_bytes !== before.max_bytes)
				this.#change(stored, { state: "waiting", reason: null });
		}
	}

	forget(document: number): Calls["forget_document"]["res"] {
		const found = this.documents.find(({ info }) => info.id === document);
		if (!found) throw apiError("not_found", `no document ${document}`);
		const { source, path, passages, state, copy_of } = found.info;
		const { rules, path: root } = this.source(source);
		const first = copy_of ?? document;
		const copies = this.documents
			.filter(({ info }) => info.id !== document && (info.id === first || info.copy_of === first))
			.map(({ info }) => `${this.source(info.source).path}/${info.path}`);
		this.#sources = this.#sources.map((one) =>
			one.id === source ? { ...one, rules: { ...rules, forgotten: [...rules.forgotten, path] } } : one,
		);
		return {
			original: state === "missing" ? null : `${root}/${path}`,
			copies,
			passages,
			quoted_in: 0,
			put_aside: [],
		};
	}

	/** Queues again; gives how many. */
	retry(wanted: (document: Document) => boolean): number {
		const queued = this.documents.filter(({ info }) => RETRIED.includes(info.state) && wanted(info));
		for (const stored of queued) this.#change(stored, { state: "waiting", reason: null });
		return queued.length;
	}

	change(path: string, change: Partial<Document>): void {
		for (const stored of this.#all) if (stored.info.path === path) this.#change(stored, change);
	}

	#change(stored: Stored, change: Partial<Document>): void {
		stored.info = { ...stored.info, ...change, since_ms: change.since_ms ?? Date.now() };
	}

	#isIn(info: Document, collection: number): boolean {
		const one = this.#collections.find(({ id }) => id === collection);
		return one !== undefined && (one.sources.includes(info.source) || one.documents.includes(info.id));
	}

	listDocuments({
		source,
		collection,
		state,
		text,
		document,
		path,
		offset,
		limit,
	}: DocumentsReq): Calls["list_documents"]["res"] {
		const wanted = text?.toLowerCase() ?? "";
		const among = this.documents.filter(
			({ info }) =>
				(source === null || info.source === source) &&
				(collection === null || this.#isIn(info, collection)) &&
				(document === null || info.id === document) &&
				(path === null || info.path === path) &&
				`${info.path} ${info.title}`.toLowerCase().includes(wanted),
		);
		const shown = among.filter(({ info }) => state === null || fits(info.state, state));
		return {
			documents: shown.slice(offset, offset + (limit || 100)).map(({ info }) => info),
			total: shown.length,
			counts: countsOf(among),
		};
	}

	stored(id: number): Stored & { parsed: Parsed } {
		const stored = this.documents.find(({ info }) => info.id === id);
		const parsed = stored?.parsed ?? { blocks: [], chunks: [], pages: null };
		if (!stored) throw apiError("not_found", `no document ${id}`);
		return { ...stored, parsed };
	}

	/** What can be found within a scope. */
	searchable(scope: Partial<Scope>): Searchable[] {
		return this.documents.flatMap(({ info, parsed }) => {
			const outside =
				(info.state !== "indexed" && info.state !== "stale") ||
				(scope.sources && !scope.sources.includes(info.source)) ||
				(scope.documents && !scope.documents.includes(info.id)) ||
				(scope.collection && !this.#isIn(info, scope.collection));
			if (outside || !parsed) return [];
			const { id: document, source, title, path } = info;
			return parsed.chunks.map((chunk) => ({ chunk, document, source, title, path }));
		});
	}
}

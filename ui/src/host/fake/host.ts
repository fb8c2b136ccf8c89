/** A host that invents a library: for tests of the window, and for working on it without the core. */
import type {
	Calls,
	Conversation,
	Document,
	Event,
	FetchEvent,
	FetchPhase,
	IndexingStatus,
	Message,
	Model,
	Settings,
	Source,
	Streams,
} from "../../wire/generated";
import type { CallName, DropEvent, Host, StreamName, Unsubscribe } from "../types";
import { answer } from "./answers";
import { doctorReport } from "./doctor";
import type { Parsed } from "./documents";
import { catalogue } from "./models";
import { apiError, type FakeOptions } from "./options";
import { highlights, pageImage } from "./pagePicture";
import { type Searchable, search } from "./retrieval";
import { countsOf, type Stored, shelve } from "./shelf";
import { type FakeFolder, FOLDERS, SAMPLE } from "./texts";

const IDLE: IndexingStatus = {
	phase: "idle", file: null, done: 0, total: 0, failed: 0, chunks: 0,
	started_ms: null, seconds_left: null, paused: false, error: null,
}; // biome-ignore format: fields in one line

const HOUR = 3_600_000;

type Handlers = { [N in CallName]: (req: Calls[N]["req"]) => Calls[N]["res"] | Promise<Calls[N]["res"]> };

export class FakeHost implements Host {
	/** Every call, for tests to look at. */
	readonly calls: { name: string; req: unknown }[] = [];
	readonly options: FakeOptions;
	#sources: Omit<Source, "counts">[] = [];
	#documents: Stored[] = [];
	#collections: { id: number; name: string }[] = [];
	#conversations: { info: Conversation; messages: Message[] }[] = [];
	#models: Model[] = catalogue();
	#settings: Settings = { language: "system", theme: "system", threads: 0, allow_downloads: true };
	#status: IndexingStatus;
	#listeners = new Set<(event: Event) => void>();
	#dropListeners = new Set<(event: DropEvent) => void>();
	#aborted = new Set<string>();
	#nextId = 1;

	constructor(options: FakeOptions = {}) {
		this.options = options;
		this.#settings = { ...this.#settings, ...options.settings };
		this.#status = { ...IDLE, ...options.indexing };
		if (options.models ?? true) {
			for (const model of this.#models) if (model.recommended) this.#install(model);
		}
		for (const folder of options.folders ?? FOLDERS) this.#addFolder(folder);
		(options.conversations ?? []).forEach(({ title, questions }, index) => {
			const conversation = this.#newConversation(title, Date.now() - index * 30 * HOUR);
			for (const question of questions) this.#exchange(conversation, question);
		});
	}

	// --- Host

	async call<N extends CallName>(name: N, req: Calls[N]["req"]): Promise<Calls[N]["res"]> {
		this.calls.push({ name, req });
		await this.#wait(4);
		await this.options.gate?.(name);
		this.#failIfAsked(name);
		return this.#handlers[name](req);
	}

	async stream<N extends StreamName>(
		name: N,
		req: Streams[N]["req"],
		onEvent: (event: Streams[N]["event"]) => void,
		signal?: AbortSignal,
	): Promise<void> {
		this.calls.push({ name, req });
		signal?.addEventListener("abort", () => this.#aborted.add(req.request_id));
		if (name !== "ask") this.#failIfAsked(name);
		if (name === "ask") {
			await this.#ask(req as Streams["ask"]["req"], onEvent as (event: Streams["ask"]["event"]) => void);
		} else {
			await this.#fetch(
				req as Streams["fetch_model"]["req"] & { path?: string },
				onEvent as (event: FetchEvent) => void,
			);
		}
	}

	onEvent(listener: (event: Event) => void): Unsubscribe {
		this.#listeners.add(listener);
		return () => this.#listeners.delete(listener);
	}

	onDrop(listener: (event: DropEvent) => void): Unsubscribe {
		this.#dropListeners.add(listener);
		return () => this.#dropListeners.delete(listener);
	}

	pickFolders(): Promise<string[]> {
		return Promise.resolve(this.options.picks ?? ["/home/ada/Documents/House"]);
	}

	pickFiles(): Promise<string[]> {
		return Promise.resolve(this.options.picks ?? ["/home/ada/Downloads/model.gguf"]);
	}

	// --- for tests

	drop(event: DropEvent): void {
		for (const listener of this.#dropListeners) listener(event);
	}

	emit(event: Event): void {
		if (event.kind === "indexing") this.#status = event.status;
		for (const listener of this.#listeners) listener(event);
	}

	setIndexing(status: Partial<IndexingStatus>): void {
		this.emit({ kind: "indexing", status: { ...this.#status, ...status } });
	}

	/** What a file turned into is for the tests to decide. */
	changeDocument(path: string, change: Partial<Document>): void {
		for (const stored of this.#documents)
			if (stored.info.path === path) stored.info = { ...stored.info, ...change };
		this.emit({ kind: "changed", tags: ["documents", "sources"] });
	}

	// --- inside

	#id(): number {
		this.#nextId += 1;
		return this.#nextId;
	}

	async #wait(ms: number): Promise<void> {
		const slowness = this.options.slowness ?? 0;
		if (slowness > 0) await new Promise((resolve) => setTimeout(resolve, ms * slowness));
		else await Promise.resolve();
	}

	#failIfAsked(name: CallName | StreamName): void {
		const code = this.options.failing?.[name];
		if (code) throw apiError(code);
	}

	#install(model: Model): void {
		model.state = { kind: "installed" };
		model.active = !this.#models.some(
			(other) => other !== model && other.role === model.role && other.active,
		);
	}

	#installed(role: Model["role"]): string | null {
		return this.#models.find((model) => model.role === role && model.active)?.name ?? null;
	}

	#collection(name: string): number {
		const known = this.#collections.find((one) => one.name === name);
		if (known) return known.id;
		const made = { id: this.#id(), name };
		this.#collections.push(made);
		return made.id;
	}

	#addFolder(folder: FakeFolder): Omit<Source, "counts"> {
		const source = {
			id: this.#id(),
			path: folder.path,
			name: folder.name,
			is_folder: true,
			collection: folder.collection === null ? null : this.#collection(folder.collection),
			reachable: true,
			scanned_ms: Date.now() - 2 * HOUR,
		};
		this.#sources.push(source);
		this.#documents.push(...shelve(folder, source.id, () => this.#id()));
		return source;
	}

	#source(source: Omit<Source, "counts">): Source {
		return { ...source, counts: countsOf(this.#documents.filter(({ info }) => info.source === source.id)) };
	}

	#newConversation(title: string, updated_ms: number) {
		const conversation = { info: { id: this.#id(), title, updated_ms }, messages: [] as Message[] };
		this.#conversations.push(conversation);
		return conversation;
	}

	#question(text: string): Message {
		return {
			id: this.#id(), role: "user", text, sentences: [], citations: [], passages: [], verdict: null, origin: null,
			stopped: false, created_ms: Date.now(), first_word_ms: null, tokens_per_second: null,
		}; // biome-ignore format: fields in one line
	}

	#exchange(conversation: { messages: Message[] }, question: string): Message {
		const { passages, verdict } = this.#search(question, {}, 6);
		conversation.messages.push(this.#question(question));
		const said = answer(question, passages, verdict, this.#installed("generator") !== null, this.#id());
		conversation.messages.push(said);
		return said;
	}

	#search(query: string, scope: Partial<Streams["ask"]["req"]["scope"]>, limit: number) {
		const items: Searchable[] = this.#documents.flatMap(({ info, parsed }) => {
			const source = this.#sources.find(({ id }) => id === info.source);
			const outside =
				info.state !== "indexed" ||
				(scope.sources && !scope.sources.includes(info.source)) ||
				(scope.documents && !scope.documents.includes(info.id)) ||
				(scope.collection && source?.collection !== scope.collection);
			if (outside || !parsed) return [];
			return parsed.chunks.map((chunk) => ({
				chunk,
				document: info.id,
				source: info.source,
				title: info.title,
				path: info.path,
			}));
		});
		return search(items, query, limit);
	}

	#stored(id: number): Stored & { parsed: Parsed } {
		const stored = this.#documents.find(({ info }) => info.id === id);
		if (!stored?.parsed) throw apiError("not_found", `no document ${id}`);
		return { ...stored, parsed: stored.parsed };
	}

	#add(paths: string[], collection: number | null): Calls["add_sources"]["res"] {
		const added: Source[] = [];
		const rejected: Calls["add_sources"]["res"]["rejected"] = [];
		for (const path of paths) {
			const folder = [...FOLDERS, SAMPLE].find((one) => one.path === path);
			const known = this.#sources.find((one) => one.path === path);
			if (known) added.push(this.#source(known));
			else if (folder)
				added.push(
					this.#source({ ...this.#addFolder(folder), ...(collection === null ? {} : { collection }) }),
				);
			else rejected.push({ path, code: "path_not_found", message: `${path}: no such file or folder` });
		}
		this.emit({ kind: "changed", tags: ["sources", "documents", "app"] });
		return { added, rejected };
	}

	#appState(): Calls["app_state"]["res"] {
		return {
			version: "0.1.0",
			data_folder: "/home/ada/.local/share/docent",
			embedder: this.#installed("embedder"),
			generator: this.#installed("generator"),
			missing_models: this.#models
				.filter((model) => model.recommended && model.state.kind !== "installed")
				.map(({ name, role, size_bytes }) => ({ name, role, size_bytes })),
			sources: this.#sources.length,
			indexed_documents: countsOf(this.#documents).indexed,
			sample_available: !this.#sources.some(({ path }) => path === SAMPLE.path),
			indexing: this.#status,
			settings: this.#settings,
			device: "CPU, 8 threads, AVX2",
		};
	}

	#handlers: Handlers = {
		app_state: () => this.#appState(),
		update_settings: (patch) => {
			for (const [key, value] of Object.entries(patch)) {
				if (value !== null) this.#settings = { ...this.#settings, [key]: value };
			}
			return this.#settings;
		},
		doctor: () => doctorReport(this.#installed("embedder"), this.#installed("generator")),
		cancel: ({ request_id }) => {
			this.#aborted.add(request_id);
			return {};
		},
		list_sources: () => ({
			sources: this.#sources.map((one) => this.#source(one)),
			collections: this.#collections.map((one) => ({ ...one })),
		}),
		add_sources: ({ paths, collection }) => this.#add(paths, collection),
		add_sample: () => this.#add([SAMPLE.path], null),
		remove_source: ({ source }) => {
			this.#sources = this.#sources.filter(({ id }) => id !== source);
			this.#documents = this.#documents.filter(({ info }) => info.source !== source);
			return {};
		},
		create_collection: ({ name }) => ({ id: this.#collection(name), name }),
		rename_collection: ({ collection, name }) => {
			for (const one of this.#collections) if (one.id === collection) one.name = name;
			return {};
		},
		delete_collection: ({ collection }) => {
			this.#collections = this.#collections.filter(({ id }) => id !== collection);
			this.#sources = this.#sources.map((one) =>
				one.collection === collection ? { ...one, collection: null } : one,
			);
			return {};
		},
		set_source_collection: ({ source, collection }) => {
			this.#sources = this.#sources.map((one) => (one.id === source ? { ...one, collection } : one));
			return {};
		},
		rescan: () => ({}),
		retry_failed: ({ source }) => {
			const failed = this.#documents.filter(
				({ info }) => info.state === "failed" && (source === null || info.source === source),
			);
			for (const stored of failed) stored.info = { ...stored.info, state: "waiting", reason: null };
			return { count: failed.length };
		},
		pause_indexing: ({ paused }) => {
			// As in the core: a pause ends the run, the figures stay; resuming begins the next.
			this.#status = { ...this.#status, paused, phase: paused ? "idle" : "scanning" };
			return this.#status;
		},
		list_documents: ({ source, state, text, offset, limit }) => {
			const wanted = text?.toLowerCase() ?? "";
			const among = this.#documents.filter(
				({ info }) =>
					(source === null || info.source === source) &&
					`${info.path} ${info.title}`.toLowerCase().includes(wanted),
			);
			const shown = among.filter(({ info }) => state === null || info.state === state);
			return {
				documents: shown.slice(offset, offset + (limit || 100)).map(({ info }) => info),
				total: shown.length,
				counts: countsOf(among),
			};
		},
		read_document: ({ document, revision, at, offset, limit }) => {
			const { info, parsed } = this.#stored(document);
			const count = limit || 200;
			const centre = at === null ? -1 : parsed.blocks.findIndex((block) => at < block.end);
			const from = centre < 0 ? offset : Math.max(0, centre - Math.floor(count / 2));
			return {
				document: info,
				revision: revision ?? info.id * 10,
				is_live: revision === null || revision === info.id * 10,
				offset: from,
				total_blocks: parsed.blocks.length,
				blocks: parsed.blocks.slice(from, from + count),
			};
		},
		highlight: ({ document, spans }) => {
			const { parsed } = this.#stored(document);
			return { pages: parsed.pages === null ? [] : highlights(parsed.blocks, spans) };
		},
		page_image: ({ document, page, width }) => pageImage(this.#stored(document).parsed.blocks, page, width),
		open_original: () => ({}),
		search: ({ query, scope, limit }) => {
			const { passages, verdict } = this.#search(query, scope, limit || 10);
			return { passages, verdict, milliseconds: 6.4, degraded: this.#installed("embedder") === null };
		},
		list_conversations: () => ({
			conversations: this.#conversations.map(({ info }) => info).sort((a, b) => b.updated_ms - a.updated_ms),
		}),
		get_conversation: ({ conversation }) => {
			const found = this.#conversations.find(({ info }) => info.id === conversation);
			if (!found) throw apiError("not_found", `no conversation ${conversation}`);
			return { conversation: found.info, messages: [...found.messages] };
		},
		rename_conversation: ({ conversation, title }) => {
			for (const one of this.#conversations)
				if (one.info.id === conversation) one.info = { ...one.info, title };
			return {};
		},
		delete_conversation: ({ conversation }) => {
			this.#conversations = this.#conversations.filter(({ info }) => info.id !== conversation);
			return {};
		},
		list_models: () => ({ models: this.#models.map((model) => ({ ...model })) }),
		use_model: ({ name }) => {
			const chosen = this.#models.find((model) => model.name === name);
			for (const model of this.#models) if (model.role === chosen?.role) model.active = model === chosen;
			return {};
		},
		remove_model: ({ name }) => {
			for (const model of this.#models) {
				if (model.name === name) Object.assign(model, { state: { kind: "missing" }, active: false });
			}
			return {};
		},
	};

	async #step(name: string, ms: number): Promise<void> {
		await this.#wait(ms);
		await this.options.gate?.(name);
	}

	async #ask(req: Streams["ask"]["req"], onEvent: (event: Streams["ask"]["event"]) => void): Promise<void> {
		const known = this.#conversations.find(({ info }) => info.id === req.conversation);
		const conversation = known ?? this.#newConversation(req.question.slice(0, 60), Date.now());
		conversation.info = { ...conversation.info, updated_ms: Date.now() };
		onEvent({ kind: "started", conversation: conversation.info.id });
		if (this.options.failing?.ask) {
			// As in the core: a conversation in which nothing was said is not kept.
			if (!known) this.#conversations = this.#conversations.filter((one) => one !== conversation);
			this.#failIfAsked("ask");
		}
		await this.#step("passages", 40);
		const { passages, verdict } = this.#search(req.question, req.scope, 6);
		onEvent({ kind: "passages", passages, verdict });
		const whole = answer(req.question, passages, verdict, this.#installed("generator") !== null, this.#id());
		if (whole.citations.length > 0) onEvent({ kind: "quotes", quotes: whole.citations.slice(0, 1) });
		const stopped = () => this.#aborted.has(req.request_id);
		if (whole.origin === "model") {
			for (let done = 128; done <= 640 && !stopped(); done += 128) {
				onEvent({ kind: "reading", done, total: 640 });
				await this.#step("reading", 260);
			}
		}
		let text = "";
		for (const piece of whole.text.match(/.{1,7}/gsu) ?? []) {
			if (stopped()) break;
			text += piece;
			onEvent({ kind: "text", text: piece });
			await this.#step("text", 45);
		}
		const cut = stopped();
		const said: Message = cut
			? {
					...whole,
					text,
					stopped: true,
					sentences: whole.sentences.filter(({ at }) => at.end <= text.length),
				}
			: whole;
		conversation.messages.push(this.#question(req.question), said);
		// The question has to come before its answer.
		const [question, reply] = conversation.messages.slice(-2);
		if (question && reply && question.id > reply.id) [question.id, reply.id] = [reply.id, question.id];
		onEvent({ kind: "done", answer: said });
		this.emit({ kind: "changed", tags: ["conversations"] });
	}

	async #fetch(
		req: { request_id: string; name?: string | null; path?: string },
		onEvent: (event: FetchEvent) => void,
	): Promise<void> {
		const model =
			this.#models.find(({ name }) => name === req.name) ??
			this.#models.find(({ state }) => state.kind !== "installed");
		if (!model) throw apiError("model_unknown");
		const source = req.path ?? "huggingface.co";
		const total = model.size_bytes;
		const tell = (phase: FetchPhase, done: number) =>
			onEvent({
				phase,
				file: "model.gguf",
				source,
				done_bytes: done,
				total_bytes: total,
				installed: phase === "done" ? model.name : null,
			});
		tell("connecting", 0);
		for (let part = 0; part <= 20; part += 1) {
			await this.#step("download", 120);
			if (this.#aborted.has(req.request_id)) throw apiError("cancelled");
			tell("downloading", (total * part) / 20);
		}
		for (const phase of ["verifying", "installing"] as const) {
			tell(phase, total);
			await this.#step(phase, 300);
		}
		this.#install(model);
		tell("done", total);
		this.emit({ kind: "changed", tags: ["models", "app"] });
	}
}

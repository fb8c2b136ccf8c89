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
	RebuildStatus,
	Settings,
	Streams,
} from "../../wire/generated";
import type { CallName, ClosingAnswer, DropEvent, Host, StreamName, Unsubscribe } from "../types";
import { answer } from "./answers";
import { device } from "./device";
import { doctorReport } from "./doctor";
import { FakeBackups, RECOGNITION, SWITCH_PLAN, unpack } from "./keeping";
import { FakeLibrary } from "./library";
import { catalogue } from "./models";
import { FakeNotes } from "./notes";
import { apiError, type FakeOptions } from "./options";
import { highlights, pageImage } from "./pagePicture";
import { search } from "./retrieval";
import { countsOf } from "./shelf";
import { FOLDERS, SAMPLE } from "./texts";

const IDLE: IndexingStatus = {
	phase: "idle", file: null, page: null, pages: null, done: 0, total: 0, read: 0, failed: 0, chunks: 0, chunks_total: 0,
	started_ms: null, rate: null, seconds_left: null, paused: false, error: null,
}; // biome-ignore format: fields in one line

const HOUR = 3_600_000;
const DATA_FOLDER = "/home/ada/.local/share/docent";

type Handlers = { [N in CallName]: (req: Calls[N]["req"]) => Calls[N]["res"] | Promise<Calls[N]["res"]> };

export class FakeHost implements Host {
	/** Every call, for tests to look at. */
	readonly calls: { name: string; req: unknown }[] = [];
	readonly options: FakeOptions;
	readonly library = new FakeLibrary(() => this.#id());
	readonly notes: FakeNotes;
	#backups = new FakeBackups();
	#rebuild: RebuildStatus | null = null;
	#conversations: { info: Conversation; messages: Message[] }[] = [];
	#models: Model[] = catalogue();
	#settings: Settings = {
		language: "system", theme: "system", threads: 0, device: "auto", allow_downloads: true, recognition: true,
		recognition_languages: [],
	}; // biome-ignore format: fields in one line
	#status: IndexingStatus;
	#listeners = new Set<(event: Event) => void>();
	#dropListeners = new Set<(event: DropEvent) => void>();
	#closingListeners = new Set<() => void>();
	/** What the page said to closing. */
	readonly closing: ClosingAnswer[] = [];
	#aborted = new Set<string>();
	#nextId = 1;

	constructor(options: FakeOptions = {}) {
		this.options = options;
		this.notes = new FakeNotes(options.notes ?? false);
		this.#settings = { ...this.#settings, ...options.settings };
		this.#status = { ...IDLE, ...options.indexing };
		if (options.models ?? true) {
			for (const model of this.#models) if (model.recommended) this.#install(model);
		}
		for (const folder of options.folders ?? FOLDERS) this.library.addFolder(folder);
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
		} else if (name === "back_up") {
			await this.#backUp(
				req as Streams["back_up"]["req"],
				onEvent as (event: Streams["back_up"]["event"]) => void,
			);
		} else if (name === "restore_backup") {
			const { path, request_id } = req as Streams["restore_backup"]["req"];
			this.#backups.inspect(path);
			await unpack(
				async () => {
					await this.#step("restore", 200);
					if (this.#aborted.has(request_id)) throw apiError("cancelled");
				},
				{ folder: DATA_FOLDER, kept: `${DATA_FOLDER}/before-restore-1795305599999` },
				onEvent as (event: Streams["restore_backup"]["event"]) => void,
			);
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

	onClosing(listener: () => void): Unsubscribe {
		this.#closingListeners.add(listener);
		return () => this.#closingListeners.delete(listener);
	}

	answerClosing(answer: ClosingAnswer): Promise<void> {
		this.closing.push(answer);
		return Promise.resolve();
	}

	pickFolders(): Promise<string[]> {
		return Promise.resolve(this.options.picks ?? ["/home/ada/Documents/House"]);
	}

	pickFiles(): Promise<string[]> {
		return Promise.resolve(this.options.picks ?? ["/home/ada/Downloads/model.gguf"]);
	}

	pickSavePath(_title: string, proposed: string): Promise<string | null> {
		const pick = this.options.savePick;
		return Promise.resolve(pick === undefined ? `/home/ada/${proposed}` : pick);
	}

	// --- for tests

	drop(event: DropEvent): void {
		for (const listener of this.#dropListeners) listener(event);
	}

	/** The person closes the window. */
	close(): void {
		for (const listener of this.#closingListeners) listener();
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
		this.library.change(path, change);
		this.emit({ kind: "changed", tags: ["documents", "sources"] });
	}

	/** Another program changes a note. */
	changeNote(path: string, text: string): void {
		this.notes.writeBehind(path, text);
		this.emit({ kind: "changed", tags: ["notes"] });
	}

	/** How far the index of another model is; null when it is done. */
	setRebuild(rebuild: RebuildStatus | null): void {
		this.#rebuild = rebuild;
		this.emit({ kind: "changed", tags: ["app"] });
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
		return search(this.library.searchable(scope), query, limit);
	}

	#add(paths: string[], collection: number | null): Calls["add_sources"]["res"] {
		const res = this.library.add(paths, collection);
		this.emit({ kind: "changed", tags: ["sources", "documents", "app"] });
		return res;
	}

	/** Changes indexing. As it may be in the core: the answer is from before the event that it follows. */
	#overtaken(at: Partial<IndexingStatus>, then: Partial<IndexingStatus>): IndexingStatus {
		const answer = { ...this.#status, ...at };
		this.setIndexing(then);
		return answer;
	}

	/** Says how many were changed, and that they were. */
	#changed(count: number): { count: number } {
		this.emit({ kind: "changed", tags: ["sources", "documents"] });
		return { count };
	}

	#appState(): Calls["app_state"]["res"] {
		return {
			version: "0.1.0",
			data_folder: DATA_FOLDER,
			embedder: this.#installed("embedder"),
			generator: this.#installed("generator"),
			missing_models: this.#models
				.filter((model) => model.recommended && model.state.kind !== "installed")
				.map(({ name, role, size_bytes }) => ({ name, role, size_bytes })),
			sources: this.library.sourceCount,
			indexed_documents: countsOf(this.library.documents).indexed,
			sample_available: !this.library.hasSample,
			indexing: this.#status,
			settings: this.#settings,
			device: device(this.#settings, this.options.gpu),
			rebuild: this.#rebuild,
			notes_folder: this.notes.folder,
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
		doctor: () =>
			doctorReport(
				this.#installed("embedder"),
				this.#installed("generator"),
				device(this.#settings, this.options.gpu),
			),
		cancel: ({ request_id }) => {
			this.#aborted.add(request_id);
			return {};
		},
		list_sources: () => this.library.list(),
		add_sources: ({ paths, collection }) => this.#add(paths, collection),
		add_sample: () => this.#add([SAMPLE.path], null),
		remove_source: ({ source }) => {
			this.library.removeSource(source);
			return {};
		},
		create_collection: ({ name }) => ({ ...this.library.collection(name) }),
		rename_collection: ({ collection, name }) => {
			this.library.renameCollection(collection, name);
			return {};
		},
		delete_collection: ({ collection }) => {
			this.library.deleteCollection(collection);
			return {};
		},
		add_to_collection: (req) => {
			this.library.members(req, true);
			return {};
		},
		remove_from_collection: (req) => {
			this.library.members(req, false);
			return {};
		},
		set_source_rules: ({ source, rules }) => {
			this.library.setRules(source, rules);
			return {};
		},
		rescan: () => ({}),
		retry_failed: ({ source }) =>
			this.#changed(
				this.library.retry((one) => one.state !== "skipped" && (source === null || one.source === source)),
			),
		retry_documents: ({ documents }) =>
			this.#changed(this.library.retry((one) => documents.includes(one.id))),
		stop_indexing: () => this.#overtaken({}, { ...IDLE }),
		export_ledger: (req) => ({
			count: this.library.listDocuments({ ...req, document: null, path: null, offset: 0, limit: 0 }).total,
		}),
		forget_document: ({ document }) => {
			const res = this.library.forget(document);
			this.#changed(1);
			return { ...res, put_aside: this.options.putAside ?? [] };
		},
		pause_indexing: ({ paused }) => {
			// As in the core: a pause ends the run, the figures stay; resuming begins the next.
			return this.#overtaken({ paused }, { paused, phase: paused ? "idle" : "scanning" });
		},
		list_documents: (req) => this.library.listDocuments(req),
		read_document: ({ document, revision, at, offset, limit }) => {
			const { info, parsed } = this.library.stored(document);
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
			const { parsed } = this.library.stored(document);
			return { pages: parsed.pages === null ? [] : highlights(parsed.blocks, spans) };
		},
		page_image: ({ document, page, width }) =>
			pageImage(this.library.stored(document).parsed.blocks, page, width),
		open_original: () => ({}),
		search: ({ query, scope, limit }) => {
			const { passages, verdict } = this.#search(query, scope, limit || 10);
			return { passages, verdict, milliseconds: 6.4, degraded: this.#installed("embedder") === null };
		},
		list_notes: (req) => this.notes.list(req),
		set_notes_folder: ({ path }) => this.notes.setFolder(path),
		read_note: ({ path }) => this.notes.read(path),
		save_note: (req) => this.notes.save(req),
		rename_note: ({ path, to }) => this.notes.rename(path, to),
		delete_note: ({ path }) => {
			this.notes.delete(path);
			return {};
		},
		note_versions: ({ path }) => this.notes.versions(path),
		note_version: ({ id }) => this.notes.version(id),
		inspect_backup: ({ path }) => this.#backups.inspect(path),
		move_library: ({ path }) => {
			if (path === DATA_FOLDER) throw apiError("own_data", "already there", path);
			return { folder: path, kept: DATA_FOLDER };
		},
		recognition_status: () => this.options.recognition ?? RECOGNITION,
		plan_switch: () => SWITCH_PLAN,
		cancel_switch: () => {
			this.setRebuild(null);
			return {};
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
			// As in the core: the index in use stays in use until the other one is whole.
			if (chosen?.role === "embedder" && this.library.sourceCount > 0) {
				this.setRebuild({ model: name, done: 0, total: SWITCH_PLAN.passages, error: null });
				return {};
			}
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

	async #backUp(
		req: Streams["back_up"]["req"],
		onEvent: (event: Streams["back_up"]["event"]) => void,
	): Promise<void> {
		const total = req.vectors ? 340_000_000 : 96_000_000;
		for (let part = 0; part <= 10; part += 1) {
			await this.#step("backup", 200);
			if (this.#aborted.has(req.request_id)) throw apiError("cancelled");
			onEvent({ kind: "writing", done_bytes: (total * part) / 10, total_bytes: total });
		}
		const info = this.#backups.write(req.path, {
			documents: countsOf(this.library.documents).indexed,
			notes: this.notes.count,
			conversations: this.#conversations.length,
			vectors: req.vectors,
		});
		onEvent({ kind: "done", bytes: Math.round(total * 0.4), info });
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

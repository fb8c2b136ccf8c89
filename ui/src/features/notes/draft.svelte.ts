/**
 * A note as it is written. It lives here and not in the view, so that leaving the view loses nothing:
 * it is dropped only when the core has its text.
 */
import { asApiError } from "../../api/errors";
import { touch } from "../../api/queries.svelte";
import { call } from "../../api/rpc";
import { debounce } from "../../lib/timing";
import type { ApiError, Note } from "../../wire/generated";
import { drafts, rescue } from "./drafts.svelte";
import { asLines, endsInCrlf, withCrlf } from "./endings";
import { madeBefore } from "./made";

export type SaveState = "empty" | "saved" | "unsaved" | "saving" | "failed";

/** How long the person pauses before the text is saved. */
const PAUSE_MS = 600;
/** After how long a save that failed is tried again; the last one from then on. */
const RETRY_MS = [5_000, 15_000, 60_000];

let nextId = 1;

export class NoteDraft {
	readonly id = nextId++;
	/** Null until it has a file. */
	path = $state<string | null>(null);
	/** With a line feed alone between lines, as a field gives it back, whatever stands in the file. */
	text = $state("");
	/** As the core knows it: title, tags, links. */
	note = $state.raw<Note | null>(null);
	state = $state<SaveState>("empty");
	error = $state.raw<ApiError | null>(null);
	/** Another program had changed the file: where both texts are now. */
	conflict = $state.raw<{ mine: string; theirs: string } | null>(null);
	/** What is shown came from another program since the note was opened. */
	changedOutside = $state(false);
	#version: string | null = null;
	/** What the core has, as `text` has it. */
	#saved = "";
	/** The file has the line endings of Windows, and keeps them. */
	#crlf = false;
	/** The next save makes a version of the text before it. */
	#keep = false;
	/** The one save that is on its way: two at once would take each other for another program. */
	#running: Promise<boolean> | null = null;
	#retry: ReturnType<typeof setTimeout> | undefined;
	#failures = 0;
	/** The text of a new note that the core was to save and did not say that it had. */
	#begun: { text: string; at_ms: number } | null = null;
	#soon = debounce(() => void this.flush(), PAUSE_MS);

	constructor(note: Note | null, text = "") {
		if (note) this.#show(note);
		else this.text = this.#taken(text);
		if (this.dirty) this.state = "unsaved";
	}

	/** One that an earlier window could not save. */
	static recovered(path: string | null, text: string, version: string | null): NoteDraft {
		const draft = new NoteDraft(null, text);
		draft.path = path;
		draft.#version = version;
		return draft;
	}

	/** Whether there is text that the core does not have. A new note without any is nothing. */
	get dirty(): boolean {
		return this.path === null ? this.text.trim() !== "" : this.text !== this.#saved;
	}

	/** What to call it where it is not shown. */
	get name(): string {
		return this.note?.title ?? this.text.trim().slice(0, 40);
	}

	/** The text as its file is to hold it. */
	get fileText(): string {
		return this.#crlf ? withCrlf(this.text) : this.text;
	}

	get unsaved() {
		return { path: this.path, text: this.fileText, version: this.#version };
	}

	/** The text is this now. */
	type(text: string): void {
		this.text = text;
		this.changedOutside = false;
		if (this.dirty) {
			if (this.state !== "saving" && this.state !== "failed") this.state = "unsaved";
			this.#soon();
		} else {
			// A restored text was undone: what it replaced is back and needs no version.
			if (this.state !== "saving") this.#keep = false;
			this.#settle();
		}
		rescue();
	}

	/** The core has all there is, although no save said so: what one that failed left behind is over. */
	#settle(): void {
		if (this.state !== "unsaved" && this.state !== "failed") return;
		clearTimeout(this.#retry);
		this.#failures = 0;
		this.error = null;
		this.state = this.path === null ? "empty" : "saved";
	}

	/** Saves now what is not saved. Whether everything is. */
	async flush(): Promise<boolean> {
		this.#soon.cancel();
		// What was typed while the last save ended is looked for again: nobody else would save it.
		while (this.dirty || this.#keep) {
			this.#running ??= this.#save().finally(() => {
				this.#running = null;
			});
			// The text may have been undone while its saving failed.
			if (!(await this.#running) && (this.dirty || this.#keep)) return false;
		}
		this.#settle();
		return true;
	}

	/** Takes an earlier text; the present one becomes a version. Not if the present one cannot be saved. */
	async restore(text: string): Promise<boolean> {
		if (!(await this.flush())) return false;
		this.text = this.#taken(text);
		this.#keep = true;
		rescue();
		return this.flush();
	}

	async #save(): Promise<boolean> {
		clearTimeout(this.#retry);
		// Typing goes on while a save is on its way; then there is more to save.
		while (this.dirty || this.#keep) {
			const { text, fileText } = this;
			const keep = this.#keep;
			this.state = "saving";
			try {
				if (this.path === null) {
					const made = this.#begun && (await madeBefore(this.#begun.text, this.#begun.at_ms));
					if (made) {
						this.#saved = asLines(made.text);
						this.#take(made);
						continue;
					}
					this.#begun = { text: fileText, at_ms: Date.now() };
				}
				const res = await call("save_note", {
					path: this.path,
					text: fileText,
					version: this.#version,
					keep,
				});
				if (keep) this.#keep = false;
				if (res.conflict) this.conflict = { mine: res.note.path, theirs: this.path ?? "" };
				this.#saved = text;
				this.#take(res.note);
			} catch (thrown) {
				this.#failed(asApiError(thrown));
				return false;
			}
		}
		this.#failures = 0;
		this.#begun = null;
		this.error = null;
		this.state = "saved";
		rescue();
		touch(["notes"]);
		return true;
	}

	#failed(error: ApiError): void {
		this.error = error;
		this.state = "failed";
		rescue();
		// Nobody waits for a dropped one; and a name that is taken stays taken: then the person decides.
		if (!drafts.has(this.id) || error.code === "path_taken") return;
		const pause = RETRY_MS[Math.min(this.#failures, RETRY_MS.length - 1)];
		this.#failures += 1;
		this.#retry = setTimeout(() => void this.flush(), pause);
	}

	#take(note: Note): void {
		this.note = note;
		this.path = note.path;
		this.#version = note.version;
	}

	#show(note: Note): void {
		this.#take(note);
		this.text = this.#taken(note.text);
		this.#saved = this.text;
		this.state = "saved";
	}

	/** A file's text as `text` has it. Its line endings are remembered; one line alone says nothing of them. */
	#taken(text: string): string {
		this.#crlf = endsInCrlf(text) ?? this.#crlf;
		return asLines(text);
	}

	/** Has `run` give it another name. Whether it has one now. */
	async rename(run: (path: string) => Promise<Note | undefined>): Promise<boolean> {
		if (!(await this.flush()) || this.path === null) return false;
		const { path } = this;
		let renamed = false;
		// In the place of a save, so that none makes the old file anew meanwhile.
		this.#running = Promise.resolve()
			.then(() => run(path))
			.then((note) => {
				if (note) this.#renamed(note);
				renamed = note !== undefined;
				return true;
			})
			.finally(() => {
				this.#running = null;
			});
		await this.#running;
		return renamed;
	}

	#renamed(note: Note): void {
		const version = this.#version;
		if (asLines(note.text) === this.#saved) this.#take(note);
		else if (this.dirty) {
			// Another program wrote just before. With the version from before that, saving is a conflict
			// and both texts stay.
			this.#take(note);
			this.#version = version;
		} else {
			this.#show(note);
			this.changedOutside = true;
		}
	}

	/** Looks whether another program changed it. Text that is not saved is not touched. */
	async refresh(): Promise<void> {
		const path = this.path;
		if (path === null || this.dirty || this.#running) return;
		try {
			const note = await call("read_note", { path });
			if (this.path !== path || this.dirty || this.#running) return;
			const other = asLines(note.text) !== this.text;
			this.#show(note);
			if (other) this.changedOutside = true;
		} catch (thrown) {
			// Gone: what is written from now on makes it anew.
			if (asApiError(thrown).code === "not_found" && this.path === path) this.#version = null;
		}
	}

	/** Forgets a save that is still to come; for a note that is deleted. */
	drop(): void {
		this.#soon.cancel();
		clearTimeout(this.#retry);
		drafts.delete(this.id);
		rescue();
	}
}

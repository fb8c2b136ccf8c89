/** Models being fetched or imported. They go on while the person looks at something else. */
import { SvelteMap } from "svelte/reactivity";
import type { ApiError, FetchEvent, FetchPhase } from "../wire/generated";
import { asApiError, isCancelled } from "./errors";
import { touch } from "./queries.svelte";
import { newRequestId, stream } from "./rpc";

export class Download {
	phase = $state<FetchPhase>("connecting");
	file = $state("");
	source = $state("");
	done = $state(0);
	total = $state<number | null>(null);
	error = $state.raw<ApiError | null>(null);
	running = $state(true);
	/** The model's name once it is installed. */
	installed = $state<string | null>(null);
	readonly id = newRequestId();
	#abort = new AbortController();

	get signal(): AbortSignal {
		return this.#abort.signal;
	}

	cancel(): void {
		this.#abort.abort();
	}

	take(event: FetchEvent): void {
		this.phase = event.phase;
		this.file = event.file;
		this.source = event.source;
		this.done = event.done_bytes;
		this.total = event.total_bytes;
		this.installed = event.installed ?? this.installed;
	}
}

class Downloads {
	/** By the model's name. Those that failed stay until tried again or dismissed. */
	byModel = new SvelteMap<string, Download>();
	importing = $state.raw<Download | null>(null);

	get busy(): boolean {
		return [...this.byModel.values()].some((download) => download.running);
	}

	async fetch(name: string): Promise<void> {
		if (this.byModel.get(name)?.running) return;
		const download = new Download();
		this.byModel.set(name, download);
		const keep = await this.#follow(download, () =>
			stream(
				"fetch_model",
				{ request_id: download.id, name },
				(event) => download.take(event),
				download.signal,
			),
		);
		if (!keep) this.byModel.delete(name);
	}

	/** Gives the installed model's name, or null if it failed or was cancelled. */
	async import(path: string): Promise<string | null> {
		const download = new Download();
		this.importing = download;
		const keep = await this.#follow(download, () =>
			stream(
				"import_model",
				{ request_id: download.id, path, name: null },
				(event) => download.take(event),
				download.signal,
			),
		);
		if (!keep) this.importing = null;
		return download.error ? null : download.installed;
	}

	dismissImport(): void {
		this.importing = null;
	}

	/** Whether it is to be kept because it failed. */
	async #follow(download: Download, run: () => Promise<void>): Promise<boolean> {
		try {
			await run();
			return false;
		} catch (thrown) {
			const error = asApiError(thrown);
			if (isCancelled(error)) return false;
			download.error = error;
			return true;
		} finally {
			download.running = false;
			touch(["models", "app"]);
		}
	}
}

export const downloads = new Downloads();

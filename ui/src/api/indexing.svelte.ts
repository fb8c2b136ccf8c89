/** What indexing is doing now, as the core last told. */
import type { IndexingStatus } from "../wire/generated";
import { query } from "./queries.svelte";

class Indexing {
	#told = $state.raw<IndexingStatus | undefined>(undefined);

	/** What was told last; before anything was told, what the first screen's answer says. */
	get status(): IndexingStatus | undefined {
		return this.#told ?? query("app_state", {}).data?.indexing;
	}

	set status(status: IndexingStatus | undefined) {
		this.#told = status;
	}

	get paused(): boolean {
		return this.status?.paused ?? false;
	}

	set paused(paused: boolean) {
		if (this.status) this.#told = { ...this.status, paused };
	}

	/** Whether work is going on, or waits for a model. A pause ends a run; it goes on with the next. */
	get busy(): boolean {
		const phase = this.status?.phase;
		return phase !== undefined && phase !== "idle";
	}
}

export const indexing = new Indexing();

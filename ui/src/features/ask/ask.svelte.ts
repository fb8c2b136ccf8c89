/** What stands in the box, where it looks, and what was found while typing. */
import { asApiError } from "../../api/errors";
import { call } from "../../api/rpc";
import { debounce } from "../../lib/timing";
import type { ApiError, Scope, SearchRes } from "../../wire/generated";

export const EVERYWHERE: Scope = { collection: null, sources: null, documents: null };

/** Whether the scope leaves nothing out. */
export function isEverywhere(scope: Scope): boolean {
	return scope.collection === null && scope.sources === null && scope.documents === null;
}

/** How long the person pauses before a search is worth it. */
const PAUSE_MS = 120;

class Ask {
	draft = $state("");
	scope = $state.raw<Scope>(EVERYWHERE);
	/** The name of the only document in the scope, when it is one. */
	scopeTitle = $state<string | null>(null);
	/** The answer to the latest search, with the words that it is for. */
	found = $state.raw<{ query: string; res: SearchRes } | null>(null);
	searching = $state(false);
	error = $state.raw<ApiError | null>(null);
	/** The person closed the passages found while typing; the next key opens them again. */
	resultsClosed = $state(false);
	#turn = 0;
	#searchSoon = debounce(() => void this.#search(), PAUSE_MS);

	/** Whether there is something to search for. */
	get hasQuery(): boolean {
		return this.draft.trim() !== "";
	}

	/** The box holds this now. Half-composed characters are shown but not searched. */
	type(text: string, composing: boolean): void {
		this.draft = text;
		this.resultsClosed = false;
		if (!this.hasQuery) this.clearResults();
		else if (!composing) this.#later();
	}

	/** Looks elsewhere from now on. */
	look(scope: Scope, title: string | null = null): void {
		this.scope = scope;
		this.scopeTitle = title;
		if (this.hasQuery) this.#later();
	}

	/** Empties the box. */
	clear(): void {
		this.draft = "";
		this.clearResults();
	}

	clearResults(): void {
		this.#turn += 1;
		this.#searchSoon.cancel();
		this.found = null;
		this.error = null;
		this.searching = false;
	}

	#later(): void {
		this.searching = true;
		this.#searchSoon();
	}

	async #search(): Promise<void> {
		this.#turn += 1;
		const turn = this.#turn;
		const query = this.draft.trim();
		try {
			const res = await call("search", { query, scope: this.scope, limit: 12 });
			if (turn !== this.#turn) return;
			this.found = { query, res };
			this.error = null;
		} catch (thrown) {
			if (turn !== this.#turn) return;
			this.found = null;
			this.error = asApiError(thrown);
		} finally {
			if (turn === this.#turn) this.searching = false;
		}
	}
}

export const ask = new Ask();

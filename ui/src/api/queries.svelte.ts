/**
 * What the core knows, kept here as long as somebody shows it: one entry per call and request,
 * fetched when first read, fetched again when the core says that it is stale.
 */
import { createSubscriber } from "svelte/reactivity";
import { throttle } from "../lib/timing";
import type { ApiError, Calls, Tag } from "../wire/generated";
import { asApiError } from "./errors";
import { call } from "./rpc";
import { type QueryName, TAGS } from "./tags";

/** While indexing, lists change many times a second; nobody reads that fast. */
const REFRESH_MS = 400;

export class Query<N extends QueryName> {
	#name: N;
	#req: Calls[N]["req"];
	// Plain fields, announced by `#changed`: a rune made inside the `$derived` that first asks for it
	// would not be tracked by it.
	#data: Calls[N]["res"] | undefined;
	#error: ApiError | undefined;
	#shown = 0;
	#stale = true;
	#asked = 0;
	#changed: () => void = () => {};
	#subscribe: () => void;
	#refreshSoon = throttle(() => void this.refresh(), REFRESH_MS);

	constructor(name: N, req: Calls[N]["req"]) {
		this.#name = name;
		this.#req = req;
		this.#subscribe = createSubscriber((update) => {
			this.#changed = update;
			this.#shown += 1;
			if (this.#stale) void this.refresh();
			return () => {
				this.#shown -= 1;
			};
		});
	}

	/** The latest answer, if there is one yet. */
	get data(): Calls[N]["res"] | undefined {
		this.#subscribe();
		return this.#data;
	}

	/** Why the latest attempt failed. The answer before it stays in `data`. */
	get error(): ApiError | undefined {
		this.#subscribe();
		return this.#error;
	}

	/** Asks again. Only the answer to the latest question counts. */
	async refresh(): Promise<void> {
		this.#asked += 1;
		const mine = this.#asked;
		this.#stale = false;
		try {
			const data = await call(this.#name, this.#req);
			if (mine !== this.#asked) return;
			this.set(data);
		} catch (thrown) {
			if (mine !== this.#asked) return;
			this.#error = asApiError(thrown);
			this.#stale = true;
			this.#changed();
		}
	}

	/** Puts in what a change has just answered, so that it shows at once. */
	set(data: Calls[N]["res"]): void {
		this.#asked += 1;
		this.#data = data;
		this.#error = undefined;
		this.#changed();
	}

	/** The core changed something of this kind. */
	touch(tags: readonly Tag[]): void {
		const mine: readonly Tag[] = TAGS[this.#name];
		if (!mine.some((tag) => tags.includes(tag))) return;
		this.#stale = true;
		if (this.#shown > 0) this.#refreshSoon();
	}

	/** Whether somebody shows it now. */
	get inUse(): boolean {
		return this.#shown > 0;
	}
}

type AnyQuery = { [N in QueryName]: Query<N> }[QueryName];

const cache = new Map<string, AnyQuery>();
const KEEP = 60;

/** Entries that nobody shows are dropped, oldest first, once there are many. */
function trim(): void {
	for (const [key, entry] of cache) {
		if (cache.size <= KEEP) return;
		if (!entry.inUse) cache.delete(key);
	}
}

/** The entry for a call and request. Read `data` in markup or in `$derived`. */
export function query<N extends QueryName>(name: N, req: Calls[N]["req"]): Query<N> {
	const key = name + JSON.stringify(req);
	const known = cache.get(key);
	if (known) return known as unknown as Query<N>;
	const made = new Query(name, req);
	cache.set(key, made as unknown as AnyQuery);
	trim();
	return made;
}

/** Marks as stale what depends on these. What is shown is fetched again soon. */
export function touch(tags: readonly Tag[]): void {
	for (const entry of cache.values()) entry.touch(tags);
}

/** Forgets everything; tests begin with it. */
export function clearQueries(): void {
	cache.clear();
}

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
	/** How often `set` was called: an answer on its way then is older than what was put in. */
	#puts = 0;
	/** The one question that is on its way: many at once would make a slow core slower. */
	#running: Promise<void> | null = null;
	/** Asked for while one was on its way. */
	#again = false;
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

	/** Asks again; if a question is on its way, once more after it. Ends with an answer to a question from now on. */
	refresh(): Promise<void> {
		if (this.#running) this.#again = true;
		else this.#running = this.#askInTurn();
		return this.#running;
	}

	async #askInTurn(): Promise<void> {
		try {
			do {
				this.#again = false;
				await this.#ask();
			} while (this.#again);
		} finally {
			// Here and not where it is awaited: who asks in between would be told to wait for nothing.
			this.#running = null;
		}
	}

	/** Asks once. An answer counts also if there is a newer question: where changes come faster than answers none ever would. */
	async #ask(): Promise<void> {
		this.#stale = false;
		const puts = this.#puts;
		try {
			const data = await call(this.#name, this.#req);
			if (puts === this.#puts) this.#show(data);
		} catch (thrown) {
			if (puts !== this.#puts || this.#again) return;
			this.#error = asApiError(thrown);
			this.#stale = true;
			this.#changed();
		}
	}

	/** Puts in what a change has just answered, so that it shows at once. */
	set(data: Calls[N]["res"]): void {
		this.#puts += 1;
		this.#show(data);
	}

	#show(data: Calls[N]["res"]): void {
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

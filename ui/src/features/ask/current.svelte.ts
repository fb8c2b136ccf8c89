/** The conversation in the centre, and which of its answers the right pane shows the passages of. */
import { type AskRun, asking } from "../../api/asking.svelte";
import { query } from "../../api/queries.svelte";
import { ask } from "./ask.svelte";
import { type Evidence, type Exchange, evidenceOf, exchanges } from "./exchanges";

class Current {
	/** The stored conversation; null for a new one. */
	#conversation = $state<number | null>(null);
	/** The run with which it was begun, if it was begun in this window. */
	#begun = $state.raw<AskRun | null>(null);
	#chosen = $state<string | null>(null);

	/** Null until the core has given it an id. */
	readonly id: number | null = $derived(this.#conversation ?? this.#begun?.conversation ?? null);
	readonly #stored = $derived(
		this.id === null ? undefined : query("get_conversation", { conversation: this.id }),
	);
	readonly run: AskRun | undefined = $derived(
		(this.id === null ? undefined : asking.of(this.id)) ?? this.#begun ?? undefined,
	);
	readonly exchanges: Exchange[] = $derived(exchanges(this.#stored?.data?.messages ?? [], this.run));
	/** Nothing has been asked here yet. */
	readonly isNew: boolean = $derived(this.id === null && !this.run);
	readonly evidence: Evidence | null = $derived(
		evidenceOf(this.exchanges.find(({ key }) => key === this.#chosen) ?? this.exchanges.at(-1)),
	);

	get error() {
		return this.#stored?.error;
	}

	get running(): boolean {
		return this.run?.running ?? false;
	}

	/** Shows a stored conversation, or with null the empty box. */
	show(conversation: number | null): void {
		this.#conversation = conversation;
		this.#begun = null;
		this.#chosen = null;
		ask.clear();
	}

	/** Shows the passages of this exchange rather than those of the latest. */
	choose(exchange: Exchange): void {
		this.#chosen = exchange.key;
	}

	/** Asks here: continues the conversation, or begins one. */
	ask(question: string): void {
		const after = Math.max(0, ...(this.#stored?.data?.messages ?? []).map((message) => message.id));
		const run = asking.start(question, ask.scope, this.id, after);
		if (this.id === null) this.#begun = run;
		this.#chosen = null;
	}

	stop(): void {
		this.run?.stop();
	}
}

export const current = new Current();

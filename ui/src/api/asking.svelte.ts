/**
 * Questions on their way. A run lives here and not in the view that shows it, so that an answer goes
 * on growing while the person looks at something else.
 */
import { oncePerFrame } from "../lib/timing";
import type { ApiError, AskEvent, Citation, Message, Passage, Scope, Verdict } from "../wire/generated";
import { asApiError, isCancelled } from "./errors";
import { touch } from "./queries.svelte";
import { newRequestId, stream } from "./rpc";

export type AskPhase = "searching" | "reading" | "writing" | "ended";

export class AskRun {
	readonly id = newRequestId();
	readonly question: string;
	readonly scope: Scope;
	/** The newest message that the conversation had before; what comes after belongs to this run. */
	readonly after: number;
	/** Null until the core has said to which conversation it belongs. */
	conversation = $state<number | null>(null);
	phase = $state<AskPhase>("searching");
	passages = $state.raw<Passage[]>([]);
	verdict = $state<Verdict | null>(null);
	/** Sentences of the documents that answer, there before any model has spoken. */
	quotes = $state.raw<Citation[]>([]);
	readDone = $state(0);
	readTotal = $state(0);
	/** The text so far; grows once per frame. */
	text = $state("");
	answer = $state.raw<Message | null>(null);
	error = $state.raw<ApiError | null>(null);
	stopped = $state(false);

	#abort = new AbortController();
	#received = "";
	#show = oncePerFrame(() => {
		this.text = this.#received;
	});

	constructor(question: string, scope: Scope, conversation: number | null, after: number) {
		this.question = question;
		this.scope = scope;
		this.conversation = conversation;
		this.after = after;
	}

	get running(): boolean {
		return this.phase !== "ended";
	}

	/** Asks the core to stop; what has been written stays. */
	stop(): void {
		this.stopped = true;
		this.#abort.abort();
	}

	#take(event: AskEvent): void {
		switch (event.kind) {
			case "started":
				this.conversation = event.conversation;
				touch(["conversations"]);
				break;
			case "passages":
				this.passages = event.passages;
				this.verdict = event.verdict;
				break;
			case "quotes":
				this.quotes = event.quotes;
				break;
			case "reading":
				if (this.phase === "searching") this.phase = "reading";
				this.readDone = event.done;
				this.readTotal = event.total;
				break;
			case "text":
				this.phase = "writing";
				this.#received += event.text;
				this.#show();
				break;
			case "done":
				this.answer = { ...event.answer, passages: this.#marked(event.answer.passages) };
				this.passages = this.answer.passages;
				this.verdict = event.answer.verdict;
				break;
		}
	}

	/** Stored passages do not say which words were searched for; those that came first do. */
	#marked(passages: Passage[]): Passage[] {
		const first = new Map(this.passages.map((passage) => [passage.chunk, passage.matches]));
		return passages.map((passage) =>
			passage.matches.length > 0 ? passage : { ...passage, matches: first.get(passage.chunk) ?? [] },
		);
	}

	async run(): Promise<void> {
		const conversation = this.conversation;
		try {
			await stream(
				"ask",
				{ request_id: this.id, question: this.question, conversation, scope: this.scope },
				(event) => this.#take(event),
				this.#abort.signal,
			);
		} catch (thrown) {
			const error = asApiError(thrown);
			if (isCancelled(error)) this.stopped = true;
			else this.error = error;
			// A conversation that was begun with this question has gone with it.
			this.conversation = conversation;
		} finally {
			this.text = this.#received;
			this.phase = "ended";
			touch(["conversations"]);
		}
	}
}

class Asking {
	runs = $state.raw<AskRun[]>([]);

	/** Begins; the run is in the list from now on, until it is dropped. */
	start(question: string, scope: Scope, conversation: number | null, after: number): AskRun {
		const run = new AskRun(question, scope, conversation, after);
		const others = this.runs.filter((other) => conversation === null || other.conversation !== conversation);
		this.runs = [...others, run];
		void run.run();
		return run;
	}

	/** The latest run of a conversation. */
	of(conversation: number): AskRun | undefined {
		return this.runs.findLast((run) => run.conversation === conversation);
	}

	drop(run: AskRun): void {
		this.runs = this.runs.filter((other) => other !== run);
	}
}

export const asking = new Asking();

/** Stored messages and a question on its way, brought together as questions with their answers. */
import type { AskRun } from "../../api/asking.svelte";
import type { Citation, Message, Passage, Verdict } from "../../wire/generated";

export type Exchange = { key: string; question: string } & (
	| { kind: "stored"; answer: Message | null }
	| { kind: "running"; run: AskRun; answer: null }
);

/** Stored messages in pairs. A question without answer stays alone; so does an answer without question. */
function pairs(messages: readonly Message[]): Exchange[] {
	const found: Exchange[] = [];
	for (const message of messages) {
		const last = found.at(-1);
		if (message.role === "user") {
			found.push({ kind: "stored", key: `m${message.id}`, question: message.text, answer: null });
		} else if (last?.kind === "stored" && last.answer === null) {
			last.answer = message;
		} else {
			found.push({ kind: "stored", key: `m${message.id}`, question: "", answer: message });
		}
	}
	return found;
}

/** What a run shows, once it has ended, from what came back; until then, as it grows. */
function ofRun(run: AskRun, newer: readonly Message[]): Exchange {
	const key = `r${run.id}`;
	const kept = run.running ? undefined : newer.findLast((message) => message.role === "assistant");
	const answer = run.answer ?? (run.error ? undefined : kept);
	if (!run.running && answer) return { kind: "stored", key, question: run.question, answer };
	return { kind: "running", key, question: run.question, run, answer: null };
}

export function exchanges(messages: readonly Message[], run: AskRun | undefined): Exchange[] {
	if (!run) return pairs(messages);
	const older = messages.filter((message) => message.id <= run.after);
	const newer = messages.filter((message) => message.id > run.after);
	return [...pairs(older), ofRun(run, newer)];
}

/** What the right pane shows for an exchange. */
export interface Evidence {
	key: string;
	passages: Passage[];
	citations: Citation[];
	verdict: Verdict | null;
}

export function evidenceOf(exchange: Exchange | undefined): Evidence | null {
	if (!exchange) return null;
	if (exchange.kind === "running") {
		const { passages, quotes, verdict } = exchange.run;
		return { key: exchange.key, passages, citations: quotes, verdict };
	}
	const { answer, key } = exchange;
	return answer && { key, passages: answer.passages, citations: answer.citations, verdict: answer.verdict };
}

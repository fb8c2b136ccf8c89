/** Search over the invented library: words for Latin script, pairs of characters for Chinese. */
import type { Range } from "../../lib/parts";
import { normalise } from "../../lib/parts";
import type { Passage, Verdict } from "../../wire/generated";
import type { Chunk } from "./documents";

export interface Searchable {
	chunk: Chunk;
	document: number;
	source: number;
	title: string;
	path: string;
}

const STOP = new Set(
	"a an and are at be by do does for from how i if in is it much of on or should the there to was what when which who with".split(
		" ",
	),
);

function terms(query: string): string[] {
	const words = (query.toLowerCase().match(/[a-z0-9][a-z0-9'-]*/g) ?? []).filter((word) => !STOP.has(word));
	const runs = query.match(/\p{Script=Han}+/gu) ?? [];
	const pairs = runs.flatMap((run) =>
		run.length === 1
			? [run]
			: Array.from({ length: run.length - 1 }, (_, index) => run.slice(index, index + 2)),
	);
	return [...new Set([...words, ...pairs])];
}

function occurrences(text: string, term: string): Range[] {
	const found: Range[] = [];
	const lower = text.toLowerCase();
	for (let at = lower.indexOf(term); at >= 0; at = lower.indexOf(term, at + term.length)) {
		const inWord = /[a-z0-9]/.test(term) && /[a-z0-9]/.test(lower[at - 1] ?? " ");
		if (!inWord) found.push({ start: at, end: at + term.length });
	}
	return found;
}

export interface Found {
	passages: Passage[];
	verdict: Verdict;
}

export function search(items: readonly Searchable[], query: string, limit: number): Found {
	// Pairs of characters across two words of a Chinese question mean nothing; those nobody uses go.
	const used = (term: string) =>
		!/\p{Script=Han}/u.test(term) || items.some(({ chunk }) => chunk.text.includes(term));
	const all = terms(query);
	const wanted = all.some(used) ? all.filter(used) : all;
	const scored = items
		.map((item) => {
			const hits = wanted.map((term) => occurrences(item.chunk.text, term));
			const above = `${item.title} ${item.chunk.headings.join(" ")}`;
			const inHeadings = wanted.filter((term) => occurrences(above, term).length > 0).length;
			const covered = hits.filter((ranges) => ranges.length > 0).length;
			return {
				item,
				matches: normalise(hits.flat(), item.chunk.text.length),
				score: covered + 0.6 * inHeadings,
			};
		})
		.filter(({ score }) => score >= Math.min(1, wanted.length * 0.2) && score > 0)
		.sort((a, b) => b.score - a.score)
		.slice(0, limit);
	const best = (scored[0]?.score ?? 0) / Math.max(1, wanted.length);
	return {
		verdict: best >= 0.6 ? "found" : best >= 0.4 ? "weak" : "not_in_documents",
		passages: scored.map(({ item, matches, score }, index) => ({
			chunk: item.chunk.id,
			document: item.document,
			revision: item.document * 10,
			source: item.source,
			title: item.title,
			path: item.path,
			headings: item.chunk.headings,
			page: item.chunk.page,
			page_label: item.chunk.page === null ? null : String(item.chunk.page + 1),
			line: item.chunk.line,
			spot: item.chunk.spot,
			member: item.chunk.member,
			text: item.chunk.text,
			spans: [item.chunk.span],
			matches,
			score: score / 10,
			vector_rank: index + 1,
			text_rank: matches.length > 0 ? index + 1 : null,
		})),
	};
}

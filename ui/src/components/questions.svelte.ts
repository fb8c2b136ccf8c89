/** Small questions to the person, asked in a dialog and answered by a promise. */

export interface ConfirmQuestion {
	kind: "confirm";
	title: string;
	text: string;
	yes: string;
	/** Instead of "Cancel", where that could mean either. */
	no: string | null;
	danger: boolean;
	answer: (yes: boolean) => void;
}

export interface TextQuestion {
	kind: "text";
	title: string;
	label: string;
	value: string;
	submit: string;
	answer: (text: string | null) => void;
}

class Questions {
	current = $state.raw<ConfirmQuestion | TextQuestion | null>(null);
}

export const questions = new Questions();

/** One question at a time: an earlier one that nobody answered is answered with no. */
function giveWay(): void {
	const { current } = questions;
	if (current?.kind === "confirm") current.answer(false);
	else current?.answer(null);
}

/** Whether the person agrees. */
export function confirm(question: {
	title: string;
	text: string;
	yes: string;
	no?: string;
	danger?: boolean;
}): Promise<boolean> {
	giveWay();
	return new Promise((resolve) => {
		questions.current = {
			kind: "confirm",
			no: null,
			danger: false,
			...question,
			answer: (yes) => {
				questions.current = null;
				resolve(yes);
			},
		};
	});
}

/** A text, trimmed and not empty, or null. */
export function askText(question: {
	title: string;
	label: string;
	value: string;
	submit: string;
}): Promise<string | null> {
	giveWay();
	return new Promise((resolve) => {
		questions.current = {
			kind: "text",
			...question,
			answer: (text) => {
				questions.current = null;
				resolve(text?.trim() || null);
			},
		};
	});
}

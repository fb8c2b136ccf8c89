/** Small questions to the person, asked in a dialog and answered by a promise. */

export interface ConfirmQuestion {
	kind: "confirm";
	title: string;
	text: string;
	yes: string;
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

/** Whether the person agrees. */
export function confirm(question: {
	title: string;
	text: string;
	yes: string;
	danger?: boolean;
}): Promise<boolean> {
	return new Promise((resolve) => {
		questions.current = {
			kind: "confirm",
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

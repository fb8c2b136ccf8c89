/** Backups, recognition of text in pictures, and the plan of a change of models, all invented. */
import type {
	AtNextStart,
	BackupInfo,
	RecognitionStatus,
	RestoreEvent,
	SwitchPlan,
} from "../../wire/generated";
import { apiError } from "./options";

export const RECOGNITION: RecognitionStatus = {
	program: "/usr/bin/tesseract",
	version: "5.3.0",
	languages: ["eng", "chi_sim", "deu"],
	install: "sudo apt install tesseract-ocr tesseract-ocr-chi-sim",
	problem: null,
};

export const NO_RECOGNITION: RecognitionStatus = {
	...RECOGNITION,
	program: null,
	version: null,
	languages: [],
};

export const UNUSABLE_RECOGNITION: RecognitionStatus = {
	...NO_RECOGNITION,
	program: "/usr/bin/tesseract",
	install: null,
	problem: "it has no languages",
};

export const SWITCH_PLAN: SwitchPlan = {
	passages: 18_240,
	disk_bytes: 412_000_000,
	free_bytes: 148_000_000_000,
	seconds: 5_400,
};

const UNPACKED_BYTES = 480_000_000;

/** Unpacks an invented backup; `step` waits, and throws to stop. */
export async function unpack(
	step: () => Promise<void>,
	next: AtNextStart,
	onEvent: (event: RestoreEvent) => void,
): Promise<void> {
	for (let part = 0; part <= 10; part += 1) {
		onEvent({
			kind: "unpacking",
			done_bytes: (UNPACKED_BYTES * part) / 10,
			total_bytes: UNPACKED_BYTES,
		});
		await step();
	}
	onEvent({ kind: "checking" });
	await step();
	onEvent({ kind: "done", next });
}

export class FakeBackups {
	#files = new Map<string, BackupInfo>();

	write(path: string, info: Omit<BackupInfo, "created_ms" | "docent" | "left_out">): BackupInfo {
		const whole: BackupInfo = { ...info, created_ms: Date.now(), docent: "0.1.0", left_out: [] };
		this.#files.set(path, whole);
		return whole;
	}

	/** A file of this ending is taken for a backup; any other is none. */
	inspect(path: string): BackupInfo {
		const known = this.#files.get(path);
		if (known) return known;
		if (!path.endsWith(".docent")) throw apiError("bad_backup", `${path}: not a backup`, path);
		return {
			created_ms: Date.now() - 20 * 86_400_000,
			docent: "0.1.0",
			documents: 7,
			notes: 4,
			conversations: 3,
			vectors: true,
			left_out: [],
		};
	}
}

import { describe, expect, test } from "vitest";
import { page, userEvent } from "vitest/browser";
import { type FakeOptions, NO_RECOGNITION, UNUSABLE_RECOGNITION } from "../src/host/fake";
import { all, byId, expectAccessible, hold, lastRequest, openWindow, TestId } from "./window";

describe("backing up", () => {
	test("writes one file with progress, also while something else is looked at, and says what is in it", async () => {
		const held = hold();
		held.at = "backup";
		const host = await openWindow({ notes: true, gate: held.gate, savePick: "/media/stick/docent.docent" });
		await byId(TestId.NavSettings).click();
		await byId(TestId.BackUpVectors).click();
		await byId(TestId.BackUp).click();
		await expect.element(byId(TestId.BackUpProgress)).toBeVisible();
		await expectAccessible();
		await byId(TestId.NavModels).click();
		held.release();
		await byId(TestId.NavSettings).click();
		const done = byId(TestId.BackUpDone);
		await expect.element(done).toHaveTextContent("Backed up, 136 MB");
		await expect.element(done).toHaveTextContent("7 documents, 4 notes, 0 conversations, with vectors");
		expect(lastRequest(host, "back_up")).toMatchObject({ path: "/media/stick/docent.docent", vectors: true });
	});

	test("can be cancelled, and then says that there is no file", async () => {
		const held = hold();
		held.at = "backup";
		await openWindow({ gate: held.gate });
		await byId(TestId.NavSettings).click();
		await byId(TestId.BackUp).click();
		await byId(TestId.BackUpCancel).click();
		held.release();
		await expect.element(page.getByText("Stopped. No file was written.")).toBeVisible();
		expect(all(TestId.BackUpDone).length).toBe(0);
	});

	test("that fails says why and what is safe", async () => {
		await openWindow({ failing: { back_up: "disk_full" } });
		await byId(TestId.NavSettings).click();
		await byId(TestId.BackUp).click();
		await expect
			.element(byId(TestId.Failure))
			.toHaveTextContent("The disk is full. Everything finished so far is saved.");
	});
});

describe("restoring and moving", () => {
	test("shows what is in the backup, and that the present library is kept, before anything happens", async () => {
		const host = await openWindow({ picks: ["/media/stick/old.docent"] });
		await byId(TestId.NavSettings).click();
		await byId(TestId.RestoreLook).click();
		await expect.element(byId(TestId.Restore)).toHaveTextContent("7 documents, 4 notes, 3 conversations");
		await expect.element(byId(TestId.Restore)).toHaveTextContent("The present one is kept aside, whole.");
		expect(host.calls.some(({ name }) => name === "restore_backup")).toBe(false);
		await expectAccessible();
		await byId(TestId.RestoreYes).click();
		await expect.element(byId(TestId.NextStart)).toHaveTextContent("At the next start");
		await expect.element(byId(TestId.NextStart)).toHaveTextContent("The present library is kept in");
	});

	test("stays open while the backup is unpacked, cannot be begun twice, and says what comes next", async () => {
		const held = hold();
		held.at = "restore";
		const host = await openWindow({ picks: ["/media/stick/old.docent"], gate: held.gate });
		await byId(TestId.NavSettings).click();
		await byId(TestId.RestoreLook).click();
		await byId(TestId.RestoreYes).click();
		await expect.element(byId(TestId.RestoreBusy)).toHaveFocus();
		await expect.element(byId(TestId.RestoreBusy)).toHaveTextContent("This can take some minutes");
		await expect.element(byId(TestId.RestoreProgress)).toHaveTextContent("0 bytes of 480 MB unpacked");
		await expect.element(byId(TestId.RestoreYes)).toBeDisabled();
		await userEvent.keyboard("{Escape}");
		expect(all(TestId.RestoreBusy).length).toBe(1);
		await expectAccessible();
		held.release();
		await expect.element(byId(TestId.Restore)).toHaveTextContent("close docent and start it again");
		await expectAccessible();
		await userEvent.keyboard("{Enter}");
		await expect.poll(() => all(TestId.Restore).length).toBe(0);
		expect(host.calls.filter(({ name }) => name === "restore_backup").length).toBe(1);
	});

	test("unpacking can be stopped, and then everything is as it was", async () => {
		const held = hold();
		held.at = "restore";
		await openWindow({ picks: ["/media/stick/old.docent"], gate: held.gate });
		await byId(TestId.NavSettings).click();
		await byId(TestId.RestoreLook).click();
		await byId(TestId.RestoreYes).click();
		await byId(TestId.RestoreStop).click();
		held.release();
		await expect.element(byId(TestId.Restore)).toHaveTextContent("The present library stays in use.");
		await expect.element(byId(TestId.RestoreEnded)).toHaveFocus();
		await expectAccessible();
		await page.getByRole("button", { name: "Cancel" }).click();
		expect(all(TestId.NextStart).length).toBe(0);
	});

	test("a backup that cannot be unpacked says why where the person looks, and can be tried again", async () => {
		const failing: FakeOptions["failing"] = { restore_backup: "disk_full" };
		await openWindow({ picks: ["/media/stick/old.docent"], failing });
		await byId(TestId.NavSettings).click();
		await byId(TestId.RestoreLook).click();
		await byId(TestId.RestoreYes).click();
		await expect.element(byId(TestId.Restore)).toHaveTextContent("The disk is full.");
		await expect.element(byId(TestId.RestoreEnded)).toHaveFocus();
		await expectAccessible();
		delete failing.restore_backup;
		await byId(TestId.RestoreYes).click();
		await expect.element(byId(TestId.NextStart)).toHaveTextContent("The backup is restored to");
	});

	test("a file that is no backup is refused in words", async () => {
		await openWindow({ picks: ["/home/ada/photo.jpg"] });
		await byId(TestId.NavSettings).click();
		await byId(TestId.RestoreLook).click();
		await expect.element(byId(TestId.Failure)).toHaveTextContent("This file is not a backup of docent");
		expect(all(TestId.Restore).length).toBe(0);
	});

	test("the library moves at the next start, after asking", async () => {
		const host = await openWindow({ picks: ["/media/big"] });
		await byId(TestId.NavSettings).click();
		await byId(TestId.MoveLibrary).click();
		await expect.element(byId(TestId.Confirm)).toHaveTextContent("/media/big");
		await byId(TestId.ConfirmYes).click();
		await expect.element(byId(TestId.NextStart)).toHaveTextContent("The library moves to /media/big");
		expect(lastRequest(host, "move_library").path).toBe("/media/big");
	});
});

describe("text in pictures", () => {
	test("says how to install what is missing, and looks again", async () => {
		const host = await openWindow({ recognition: NO_RECOGNITION });
		await byId(TestId.NavSettings).click();
		await expect.element(byId(TestId.Recognition)).toHaveTextContent("The program is not installed");
		await expect.element(byId(TestId.Recognition)).toHaveTextContent("sudo apt install tesseract-ocr");
		expect(all(TestId.RecognitionLanguage).length).toBe(0);
		const asked = () => host.calls.filter(({ name }) => name === "recognition_status").length;
		const before = asked();
		await byId(TestId.RecognitionAgain).click();
		await expect.poll(asked).toBe(before + 1);
	});

	test("a program that cannot be used is said to be that, and its reason is no line to run", async () => {
		await openWindow({ recognition: UNUSABLE_RECOGNITION });
		await byId(TestId.NavSettings).click();
		const section = byId(TestId.Recognition);
		await expect.element(section).toHaveTextContent("Tesseract is there but cannot be used");
		await expect.element(section).toHaveTextContent("it has no languages");
		await expect.element(section).toHaveTextContent("Repair /usr/bin/tesseract");
		const shown = section.element();
		expect(shown.querySelector("code")).toBeNull();
		expect(shown.textContent).not.toContain("is installed.");
		expect(all(TestId.RecognitionLanguage).length).toBe(0);
		await expectAccessible();
	});

	test("languages are chosen by the names that people know them by", async () => {
		const host = await openWindow();
		await byId(TestId.NavSettings).click();
		await page.getByRole("checkbox", { name: "Simplified Chinese" }).click();
		await expect.poll(() => host.calls.some(({ name }) => name === "update_settings")).toBe(true);
		expect(lastRequest(host, "update_settings").recognition_languages).toEqual(["chi_sim"]);
		await page.getByRole("switch", { name: "Recognise text in pictures" }).click();
		await expect.poll(() => all(TestId.RecognitionLanguage).length).toBe(0);
		await expectAccessible();
	});
});

test("a switch for which the disk has no room cannot be begun", async () => {
	const host = await openWindow();
	const call = host.call.bind(host);
	host.call = async (name, req) => {
		const res = await call(name, req);
		return name === "plan_switch" ? { ...res, free_bytes: 1000, seconds: null } : res;
	};
	await byId(TestId.NavModels).click();
	const card = page.getByTestId(TestId.ModelCard).filter({ hasText: "Multilingual E5 small" });
	await card.getByTestId(TestId.ModelFetch).click();
	await card.getByTestId(TestId.ModelUse).click();
	await expect.element(byId(TestId.SwitchPlan)).toHaveTextContent("There is not enough free disk space");
	await expect.element(byId(TestId.SwitchPlan)).toHaveTextContent("Cannot be said yet");
	await expect.element(byId(TestId.SwitchYes)).toBeDisabled();
});

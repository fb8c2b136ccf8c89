import { expect, test } from "vitest";
import { page } from "vitest/browser";
import { all, byId, openWindow, TestId } from "./window";

test("a fault in one part of the window leaves the rest at work, and can be tried again", async () => {
	const host = await openWindow();
	await expect.poll(() => all(TestId.SourceItem).length).toBe(3);
	// An answer that no core would give.
	const call = host.call.bind(host);
	let broken = true;
	host.call = async (name, req) => {
		const res = await call(name, req);
		return name === "list_models" && broken ? ({ models: [null] } as never) : res;
	};
	await byId(TestId.NavModels).click();
	await expect.element(byId(TestId.Failure)).toHaveTextContent("A fault in docent itself.");
	expect(all(TestId.SourceItem).length).toBe(3);
	broken = false;
	host.emit({ kind: "changed", tags: ["models"] });
	await expect
		.poll(async () => {
			const again = all(TestId.Failure).length > 0 ? page.getByRole("button", { name: "Try again" }) : null;
			await again?.click();
			return all(TestId.ModelCard).length;
		})
		.toBe(5);
	await byId(TestId.NewConversation).click();
	await expect.element(byId(TestId.AskInput)).toHaveFocus();
});

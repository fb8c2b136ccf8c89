/** Where the caret of a text field stands, in pixels within the field: browsers do not say. */

const COPIED = [
	"boxSizing", "width", "paddingTop", "paddingRight", "paddingBottom", "paddingLeft", "borderTopWidth",
	"borderRightWidth", "borderBottomWidth", "borderLeftWidth", "fontFamily", "fontSize", "fontWeight",
	"fontStyle", "letterSpacing", "lineHeight", "tabSize", "textIndent", "wordSpacing",
] as const; // biome-ignore format: a list of names

/** The foot of the line that the caret is on. */
export function caretPlace(field: HTMLTextAreaElement, caret: number): { left: number; top: number } {
	const mirror = document.createElement("div");
	const style = getComputedStyle(field);
	for (const name of COPIED) mirror.style[name] = style[name];
	mirror.style.position = "absolute";
	mirror.style.visibility = "hidden";
	mirror.style.whiteSpace = "pre-wrap";
	mirror.style.overflowWrap = "break-word";
	mirror.textContent = field.value.slice(0, caret);
	const mark = document.createElement("span");
	mark.textContent = "\u200b";
	mirror.append(mark);
	document.body.append(mirror);
	const place = {
		left: mark.offsetLeft - field.scrollLeft,
		top: mark.offsetTop + mark.offsetHeight - field.scrollTop,
	};
	mirror.remove();
	return place;
}

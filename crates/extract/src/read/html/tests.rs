use super::super::testing::{kinds, read_html, texts};
use docent_corpus::{BlockKind, Place};

#[test]
fn blocks_come_out_in_order_without_what_is_not_seen() {
    let document = read_html(
        "<html><head><title> A &amp; B </title><meta name=author content='Ann'></head><body>\
         <nav><a href=x>Home</a></nav><h1 id=top>Heading</h1><p>First <b>bold</b>\n text.<br>New line</p>\
         <script>alert(1)</script><ul><li>one<ul><li>inner</ul><li><p>two</p></ul>\
         <p hidden>no</p><div style='display: none'>no</div><span aria-hidden=true>no</span>\
         <blockquote>Quoted</blockquote><dl><dt>Term<dd>Meaning</dl>loose end</body>",
    );
    assert_eq!(
        texts(&document),
        [
            "Heading",
            "First bold text.\nNew line",
            "one",
            "inner",
            "two",
            "Quoted",
            "Term",
            "Meaning",
            "loose end",
        ]
    );
    assert_eq!(kinds(&document)[3], BlockKind::ListItem { depth: 1 });
    assert_eq!(document.metadata.article_end, None);
    assert_eq!(document.metadata.title.as_deref(), Some("A & B"));
    assert_eq!(document.metadata.author.as_deref(), Some("Ann"));
}

#[test]
fn accordions_and_tabs_are_read_with_their_titles() {
    let document = read_html(
        "<body><button>Save</button><p hidden>no</p>\
         <h3><span><button>Who pays?</button></span></h3><div hidden=until-found><p>The tenant.</p></div>\
         <button aria-expanded=false aria-controls='a b'>When?</button><div id=b style='display:none'>In May.</div>\
         <div role=tabpanel aria-hidden=true hidden>Second tab.</div></body>",
    );
    assert_eq!(texts(&document), ["Who pays?", "The tenant.", "When?", "In May.", "Second tab."]);
}

#[test]
fn places_name_the_element_and_the_nearest_anchor() {
    let document = read_html("<div><h2 id=s1>A</h2><p>x</p><p>y</p></div><div><p>z</p></div>");
    let at: Vec<_> = document
        .blocks
        .iter()
        .map(|block| match &block.place {
            Place::Element { anchor, path } => (anchor.as_deref(), path.as_str()),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(
        at,
        [
            (Some("s1"), "div[1]/h2[1]"),
            (Some("s1"), "div[1]/p[1]"),
            (Some("s1"), "div[1]/p[2]"),
            (Some("s1"), "div[2]/p[1]"),
        ]
    );
}

#[test]
fn data_tables_are_rows_and_layout_tables_are_blocks() {
    let data = read_html(
        "<table><caption>Prices</caption><thead><tr><th>Item<th>Price</thead>\
         <tr><td>Tea<td>2 <i>€</i><tr><td>咖啡<td>3</table>",
    );
    assert_eq!(texts(&data), ["Prices", "Item | Price\nTea | 2 €\n咖啡 | 3"]);
    assert_eq!(kinds(&data)[1], BlockKind::Table { header_rows: 1 });
    let layout = read_html("<table><tr><td><h2>Left</h2><p>a</p></td><td>right</td></tr></table>");
    assert_eq!(texts(&layout), ["Left", "a", "right"]);
}

#[test]
fn a_cell_over_several_rows_leaves_empty_places_below() {
    let document = read_html(
        "<table><tr><th rowspan=2>Name<th colspan=2>Score<tr><th>Math<th>Art<tr><td>Ann<td>1<td>2</table>
         <table><tr><td>Region<td>City<td>Pop<tr><td rowspan=2>North<td>Oslo<td>7<tr><td>Bergen<td>3\
         <tr><td>South<td>Rome<td>9</table><table><tr><td rowspan=9999999 colspan=9999999>a<td>b</table>",
    );
    assert_eq!(
        texts(&document),
        [
            "Name | Score\n | Math | Art\nAnn | 1 | 2",
            "Region | City | Pop\nNorth | Oslo | 7\n | Bergen | 3\nSouth | Rome | 9",
            "a | b"
        ]
    );
    assert_eq!(kinds(&document)[0], BlockKind::Table { header_rows: 2 });
    assert_eq!(kinds(&document)[1], BlockKind::Table { header_rows: 1 });
}

#[test]
fn code_keeps_its_lines_and_language() {
    let document = read_html(
        "<div class='highlight-python notranslate'><div class=highlight><pre>\ndef f():\n    return <b>1</b>\n\
         </pre></div></div><pre><code class=language-rust>fn x() {}</code></pre>",
    );
    assert_eq!(texts(&document), ["def f():\n    return 1", "fn x() {}"]);
    assert_eq!(kinds(&document)[0], BlockKind::Code { language: Some("python".to_owned()) });
    assert_eq!(kinds(&document)[1], BlockKind::Code { language: Some("rust".to_owned()) });
}

#[test]
fn the_article_comes_first_and_nothing_is_lost() {
    let long = "A sentence of the article, with commas, and with enough words to be one. ".repeat(6);
    let page = format!(
        "<html><head><title>The headline - Site</title></head><body><div class=menu><a href=a>Home</a> \
         <a href=b>News</a></div><div id=top><h1>The headline</h1><div class=content><p>{long}</p>\
         <p>{long}<a href=x>a link</a> goes on.</p><pre>code();</pre></div></div>\
         <div class=comments><p>A comment of a reader.</p></div><footer>imprint</footer></body></html>"
    );
    let document = read_html(&page);
    let told = texts(&document);
    assert_eq!(told[0], "The headline");
    assert!(told[1].starts_with("A sentence") && told[2].ends_with("a link goes on."), "{told:?}");
    assert_eq!(told[3..], ["code();", "Home News", "A comment of a reader.", "imprint"]);
    assert_eq!(document.metadata.article_end, Some(document.blocks[3].span.end));
    assert_eq!(kinds(&document)[4], BlockKind::Furniture);
    assert_eq!(kinds(&document)[5..], [BlockKind::Paragraph, BlockKind::Furniture]);
    let path = |index: usize| match &document.blocks[index].place {
        Place::Element { path, .. } => path.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!((path(1).as_str(), path(4).as_str()), ("div[2]/div[1]/p[1]", "div[1]"));
}

#[test]
fn paragraphs_that_are_no_p_belong_to_the_article_and_tables_of_links_do_not() {
    let long = "A sentence of the article, with commas, and with enough words to be one. ".repeat(4);
    let page = format!(
        "<html><head><title>The headline</title></head><body><div><div><h1>The headline</h1>\
         <div class=lead>The lead stands in a <b>div</b> that holds nothing else, and is told first.</div>\
         <p>{long}</p><p>{long}</p><figure><table><tr><td><a href=x>Buy this now</a><td><a href=y>Or that\
         </a></table></figure><p>{long}</p></div></div></body></html>"
    );
    let document = read_html(&page);
    let told = texts(&document);
    assert_eq!(told[1], "The lead stands in a div that holds nothing else, and is told first.");
    assert!(told[2..5].iter().all(|text| text.starts_with("A sentence")), "{told:?}");
    assert!(told[5].starts_with("Buy this now"), "{told:?}");
}

#[test]
fn words_that_stand_in_no_paragraph_stay_in_their_sentence() {
    let long = "A sentence of the article, with commas, and with enough words to be one. ".repeat(4);
    let page = format!(
        "<body><h1>Pipes</h1>{long} It calls <tt>open()</tt> and <tt>read()</tt>, then ends. <p>{long}\
         <p>{long} The <font color=red>red</font> word and the <i>slanted</i> one.<pre>open();</pre>{long}\
         <x-sum><math><mi>a</mi></math></x-sum> is the sum.<br><br>{long}</body>"
    );
    let document = read_html(&page);
    let told = texts(&document);
    assert_eq!(told[0], "Pipes");
    assert!(told[1].ends_with("It calls open() and read(), then ends."), "{told:?}");
    assert!(told[3].ends_with("The red word and the slanted one."), "{told:?}");
    assert_eq!(told[4], "open();");
    assert!(told[5].contains("be one. a is the sum."), "{told:?}");
    assert_eq!(told.len(), 6, "{told:?}");
}

#[test]
fn an_article_comes_before_comments_that_are_longer_than_it() {
    let long = "A sentence of the article, with commas, and with enough words to be one. ".repeat(4);
    let comment = "<div class=comment><div>Somebody</div><div>I think so too, and more.</div></div>";
    let page = format!(
        "<body><main><div>Readers say more below</div><div class=text><p>{long}</p><p>{long}</p><p>{long}</p>\
         </div><div class=comments>{}</div></main></body>",
        comment.repeat(200)
    );
    let document = read_html(&page);
    let told = texts(&document);
    assert!(told[..3].iter().all(|text| text.starts_with("A sentence")), "{:?}", &told[..3]);
    assert_eq!(document.metadata.article_end, Some(document.blocks[2].span.end));
    assert_eq!(told[3..5], ["Readers say more below", "Somebody"]);
    assert_eq!(told.len(), 4 + 2 * 200);
    assert!(!kinds(&document).contains(&BlockKind::Furniture));
}

#[test]
fn a_main_part_that_is_no_article_comes_first_too() {
    let list = "<li>word word</li>".repeat(50);
    let page = format!("<div>before before</div><main id=m><ul>{list}</ul></main><footer>imprint</footer>");
    let document = read_html(&page);
    assert_eq!(texts(&document).first(), Some(&"word word"));
    assert_eq!(texts(&document)[50..], ["before before", "imprint"]);
    let teaser = "<article>short</article><p>A longer text that is not in the article.</p>";
    assert_eq!(texts(&read_html(teaser)), ["short", "A longer text that is not in the article."]);
}

#[test]
fn xhtml_reads_like_html() {
    let page =
        "<?xml version='1.0'?><html><head><title/></head><body><p>one<a id='x'/></p><p>two</p></body></html>";
    assert_eq!(texts(&read_html(page)), ["one", "two"]);
}

#[test]
fn a_depth_bomb_is_read_like_any_page() {
    let bomb = "<div>".repeat(20_000) + "core" + &"</div>".repeat(20_000) + "<p>after</p>";
    assert_eq!(texts(&read_html(&bomb)), ["core", "after"]);
}

#[test]
fn ruby_and_scripts_without_spaces_read_cleanly() {
    let document = read_html("<p><ruby>漢<rt>かん</rt></ruby>字\n文</p><p>soft\u{AD}hyphen</p>");
    assert_eq!(texts(&document), ["漢字文", "softhyphen"]);
}

//! Domains under which other people own subdomains. The list is not complete.

/// Whether a country registers domains under a domain of two labels, or the last label is a number,
/// which makes it an address.
pub(super) fn is_public_suffix(domain: &str) -> bool {
    let mut labels = domain.rsplit('.');
    let (last, second) = (labels.next().unwrap_or_default(), labels.next().unwrap_or_default());
    let is_known = || {
        REGISTRIES.contains(&second)
            || (second.len() <= 2 && COUNTRIES.split(' ').any(|country| country == last))
            || OF_COUNTRIES.split(' ').any(|known| known == domain)
    };
    let is_of_country = last.len() == 2 && labels.next().is_none() && is_known();
    is_of_country || last.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether any user of a hosting service can publish pages under the domain, or under a parent of
/// it such as a region's. Some services publish a project's pages under the project's own name:
/// then only the service's domain itself is shared.
pub(super) fn is_shared(domain: &str) -> bool {
    let is_within = |shared: &str| {
        domain.strip_suffix(shared).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    PROJECTS.contains(&domain) || SHARED_DOMAINS.iter().any(|shared| is_within(shared))
}

/// Second labels of countries' registries, as in `co.uk` and `com.au`.
const REGISTRIES: [&str; 19] = [
    "ac", "asn", "co", "com", "edu", "gen", "go", "gob", "gov", "gv", "ltd", "mil", "ne", "net",
    "nom", "or", "org", "plc", "sch",
];

/// Countries in which second labels of one or two letters are mostly registries, as in `me.uk`.
const COUNTRIES: &str = "ar au bd br cn cr cy fj hu id il in jp ke kr lk my ng np nz pk pl pt py ro rs sg th tr tw tz ua \
     ug uk uy uz ve vn za zm zw";

/// Longer ones, of professions and regions.
const OF_COUNTRIES: &str = "nhs.uk police.uk conf.au geek.nz iwi.nz kiwi.nz maori.nz school.nz firm.in ind.in nic.in res.in \
     muni.il idf.il web.id desa.id biz.id web.za nis.za law.za waw.pl info.pl biz.pl art.br blog.br app.br dev.br \
     eco.br eng.br ind.br inf.br adv.br kiev.ua kyiv.ua lviv.ua lutsk.ua odesa.ua odessa.ua kharkov.ua \
     kharkiv.ua dnipro.ua poltava.ua sumy.ua rivne.ua volyn.ua seoul.kr busan.kr bel.tr gen.tr web.tr idv.tw \
     idv.hk club.tw game.tw \
     aichi.jp akita.jp aomori.jp chiba.jp ehime.jp fukui.jp fukuoka.jp fukushima.jp gifu.jp gunma.jp hiroshima.jp \
     hokkaido.jp hyogo.jp ibaraki.jp ishikawa.jp iwate.jp kagawa.jp kagoshima.jp kanagawa.jp kawasaki.jp \
     kitakyushu.jp kobe.jp kochi.jp kumamoto.jp kyoto.jp mie.jp miyagi.jp miyazaki.jp nagano.jp nagasaki.jp nagoya.jp \
     nara.jp niigata.jp oita.jp okayama.jp okinawa.jp osaka.jp saga.jp saitama.jp sapporo.jp sendai.jp shiga.jp \
     shimane.jp shizuoka.jp tochigi.jp tokushima.jp tokyo.jp tottori.jp toyama.jp wakayama.jp yamagata.jp \
     yamaguchi.jp yamanashi.jp yokohama.jp";

/// Services that publish a project's previews under the project's own name, as `*.app.pages.dev`.
const PROJECTS: [&str; 6] =
    ["amplifyapp.com", "deno.net", "github.io", "gitlab.io", "pages.dev", "workers.dev"];

const SHARED_DOMAINS: [&str; 82] = [
    "appspot.com",
    "azurefd.net",
    "azurestaticapps.net",
    "azurewebsites.net",
    "b-cdn.net",
    "bitbucket.io",
    "blob.core.windows.net",
    "blogspot.com",
    "bolt.host",
    "cloudapp.azure.com",
    "cloudfront.net",
    "cloudfunctions.net",
    "codeberg.page",
    "codesandbox.io",
    "csb.app",
    "ddns.net",
    "de.com",
    "deno.dev",
    "devtunnels.ms",
    "duckdns.org",
    "edgecompute.app",
    "elb.amazonaws.com",
    "eu.org",
    "expo.app",
    "expo.dev",
    "fastly.net",
    "firebaseapp.com",
    "fly.dev",
    "framer.app",
    "framer.website",
    "github.dev",
    "githubpreview.dev",
    "gitpod.io",
    "glitch.me",
    "herokuapp.com",
    "hf.space",
    "koyeb.app",
    "loca.lt",
    "localhost.run",
    "localtunnel.me",
    "lovable.app",
    "myshopify.com",
    "netlify.app",
    "netlify.com",
    "ngrok-free.app",
    "ngrok-free.dev",
    "ngrok.app",
    "ngrok.dev",
    "ngrok.io",
    "nip.io",
    "northflank.app",
    "notion.site",
    "now.sh",
    "onrender.com",
    "r2.dev",
    "railway.app",
    "readthedocs.io",
    "render.com",
    "repl.co",
    "replit.app",
    "replit.dev",
    "run.app",
    "s3.amazonaws.com",
    "serveo.net",
    "sslip.io",
    "stackblitz.io",
    "storage.googleapis.com",
    "streamlit.app",
    "surge.sh",
    "trycloudflare.com",
    "tunnelmole.net",
    "uk.com",
    "us.com",
    "us.kg",
    "vercel.app",
    "web.app",
    "web.core.windows.net",
    "webcontainer.io",
    "webflow.io",
    "wixsite.com",
    "wordpress.com",
    "zeabur.app",
];

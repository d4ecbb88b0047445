"""Pure: how organisations are written: names with legal endings, mail addresses and domains, public mail hosts."""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from functools import lru_cache

from tldextract import TLDExtract

# No fetching and no cache file: the public suffix list that comes with the package, private suffixes included, so
# that acme.github.io and other.github.io are two owners.
_split = TLDExtract(suffix_list_urls=(), cache_dir=None, include_psl_private_domains=True)


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_LEGAL = _words(
    """
    ab ag aps as asa bhd bv co company corp corporation cv doo eg eirl ek eood eurl ev gbr gesmbh gmbh inc incorporated
    jsc kft kg kgaa kk limited llc llp lp ltd ltda lda mbh nv ohg oo ood ooo ou oy oyj pc plc pllc pte pty pvt rt sa sab
    sarl sas sasu sau sc sdn se sl slu snc sp spa sprl srl sro sti uab ug vof z zrt ооо зао оао пао
    """
)
_NOT_A_NAME = frozenset({""}) | _words(
    "na nil none null nan unknown undefined unassigned nocompany noorganization noorganisation individual private "
    "personal self me other default anonymous guest selfemployed customer test ka defaultorganization "
    "defaultorganisation 0"
)

# Where people have their private mail: an address there says nothing of an employer. Labels stand for every ending
# (yahoo.co.uk, hotmail.fr), the rest are whole domains.
_PUBLIC_LABELS = _words("aol gmail gmx googlemail hotmail live msn outlook rocketmail yahoo yandex ymail")
_PUBLIC = _words(
    """
    icloud.com me.com mac.com proton.me protonmail.com protonmail.ch pm.me tutanota.com tutanota.de tuta.io tuta.com
    fastmail.com fastmail.fm hey.com zoho.com zohomail.com mail.com email.com usa.com hushmail.com duck.com mozmail.com
    appleid.com inbox.com
    web.de freenet.de t-online.de arcor.de mailbox.org posteo.de posteo.net online.de 1und1.de vodafone.de kabelbw.de
    orange.fr wanadoo.fr free.fr laposte.net sfr.fr neuf.fr bbox.fr numericable.fr club-internet.fr aliceadsl.fr
    libero.it virgilio.it email.it tiscali.it alice.it tin.it fastwebnet.it poste.it
    btinternet.com sky.com talktalk.net virginmedia.com ntlworld.com blueyonder.co.uk tiscali.co.uk o2.co.uk eircom.net
    telefonica.net terra.es ono.com sapo.pt clix.pt telenet.be skynet.be proximus.be ziggo.nl planet.nl home.nl
    xs4all.nl bluewin.ch hispeed.ch sunrise.ch aon.at chello.at telia.com comhem.se bredband.net online.no tdcadsl.dk
    wp.pl o2.pl onet.pl interia.pl op.pl poczta.fm seznam.cz email.cz centrum.cz azet.sk freemail.hu citromail.hu abv.bg
    mail.ru bk.ru list.ru inbox.ru internet.ru rambler.ru ya.ru ukr.net i.ua meta.ua tut.by
    qq.com foxmail.com 163.com 126.com 139.com 189.cn yeah.net sina.com sina.cn sohu.com aliyun.com tom.com
    naver.com daum.net hanmail.net kakao.com nate.com docomo.ne.jp ezweb.ne.jp softbank.ne.jp softbank.jp nifty.com
    rediffmail.com sify.com vsnl.net bol.com.br uol.com.br terra.com.br ig.com.br globo.com prodigy.net.mx
    comcast.net verizon.net att.net sbcglobal.net bellsouth.net cox.net charter.net earthlink.net juno.com netzero.net
    optonline.net frontier.com windstream.net roadrunner.com rr.com embarqmail.com centurylink.net
    rogers.com shaw.ca sympatico.ca bell.net telus.net videotron.ca bigpond.com bigpond.net.au optusnet.com.au
    iinet.net.au xtra.co.nz mweb.co.za walla.com walla.co.il
    mailinator.com guerrillamail.com 10minutemail.com yopmail.com trashmail.com sharklasers.com temp-mail.org
    """
)
# One owner per subdomain, though the public suffix list doesn't say so (or keeps to web hosts).
_SHARED_HOSTS = (
    "onmicrosoft.com",
    "zendesk.com",
    "freshdesk.com",
    "atlassian.net",
    "intercom-mail.com",
    "helpscout.net",
)
_MAIL = re.compile(r"^[^<>]*<([^<>\s]+@[^<>\s@]+)>\s*$|^\s*(?:mailto:)?([^<>\s]+@[^<>\s@]+?)\s*$", re.IGNORECASE)
_HOST = re.compile(r"[^\W_](?:[\w-]*[^\W_])?(?:\.[^\W_](?:[\w-]*[^\W_])?)+")
_MACHINES = _words("mailer-daemon postmaster autoreply auto-reply")  # programs and roles (RFC 2142), never a person
_LONGEST_NAME, _LONGEST_MAIL = 200, 320  # what is longer is text in the wrong column
_DOTTED = re.compile(r"[.’'`´]")


@lru_cache(maxsize=65_536)
def folded_name(name: str) -> str | None:
    """One form for all spellings: 'Massive Works, Corp.' and '  massive works' are 'massiveworks'. None: not a name."""
    if len(name) > _LONGEST_NAME or mail_address(name) or is_domain(name):
        return None
    plain = unicodedata.normalize("NFKD", name).casefold().replace("&", " and ").replace("a/s", "as")
    plain = _DOTTED.sub("", "".join(c for c in plain if not unicodedata.combining(c)))
    words = re.findall(r"[^\W_]+", plain)
    while len(words) > 1 and (words[-1] in _LEGAL or words[-1] == "and"):
        words.pop()
    folded = "".join(words)
    return folded if folded not in _NOT_A_NAME else None


def is_domain(text: str) -> bool:
    """'acme.com' is one, 'Node.js', 'St.Gallen' and 'Acme.Inc' are names with a dot."""
    host = _bare_host(text)
    if len(host) > _LONGEST_NAME:
        return False
    return bool(_HOST.fullmatch(host)) and bool(_split.extract_str(host).suffix) and host.split(".")[-1] not in _LEGAL


def mail_address(text: str) -> str | None:
    """The one mailbox behind an address: 'Ann <A.nn+x@Gmail.com>' -> 'ann@gmail.com'. None: not an address."""
    match = _MAIL.match(text) if len(text) <= _LONGEST_MAIL else None
    if not match:
        return None
    local, _, host = (match[1] or match[2]).casefold().rpartition("@")
    host = host.rstrip(".")
    local = local.partition("+")[0] or local
    if host in ("gmail.com", "googlemail.com"):  # Google ignores dots, and both hosts are one
        local, host = local.replace(".", "") or local, "gmail.com"
    return f"{local}@{host}" if host else None


def machine(mail: str) -> str | None:
    """The name of the mail program that an address is of; None: a person's, as far as can be told."""
    local = (mail_address(mail) or "").rpartition("@")[0]
    return local if local in _MACHINES else None


def mail_host(mail: str) -> str:
    return (mail_address(mail) or "").rpartition("@")[2]


@lru_cache(maxsize=65_536)
def business_domain(host: str) -> str | None:
    """The registered domain of an organisation; None for public mail hosts, addresses and what isn't a host."""
    host = _bare_host(host)
    if (
        len(host) > _LONGEST_NAME
        or not _HOST.fullmatch(host)
        or _is_address(host)
        or host.endswith("noreply.github.com")
    ):
        return None
    host = _ascii(host)
    parts = _split.extract_str(host)
    registered = f"{parts.domain}.{parts.suffix}" if parts.suffix else ".".join(host.split(".")[-2:])
    if registered in _PUBLIC or parts.domain in _PUBLIC_LABELS or not parts.domain:
        return None
    depth = 3 if registered in _SHARED_HOSTS else len(registered.split("."))
    return ".".join(host.split(".")[-depth:])


def label(domain: str) -> str:
    """What the owner chose: acme of acme.co.uk."""
    parts = _split.extract_str(domain)
    return domain.split(".")[0] if not parts.suffix or domain.endswith(_SHARED_HOSTS) else parts.domain


def person_at(host: str) -> str:
    return f"a person at {host}"


def _bare_host(text: str) -> str:
    """The host of a domain column, which may hold an address as a browser shows it."""
    return re.sub(r"^(?:https?://)?(?:www\.)?", "", text.strip().casefold()).split("/")[0].rstrip(".")


def _ascii(host: str) -> str:
    try:
        return host.encode("idna").decode("ascii")
    except UnicodeError:  # too long a label, or characters that no name may have: the text is the best there is
        return host


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True

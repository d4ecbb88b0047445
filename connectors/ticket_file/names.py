"""What columns are usually called, in exports and in lists that people keep, in English, German, Spanish and French."""

from __future__ import annotations

from collections.abc import Mapping

# Field -> usual names, best first, as `headers` writes them: lower case, no accents, a blank for all that is no letter.
# A wrong column is worse than none: what may mean two things ("sent", "created by", which is the agent) is not here.
NAMES: Mapping[str, tuple[str, ...]] = {
    field: tuple(names.split(", "))
    for field, names in {
        "id": (
            "id, ticket id, ticket, ticket number, ticket no, ticket nr, ticket key, issue key, "
            "conversation id, case number, case id, case, reference, ref, key, number, ticketnummer, "
            "num ticket, numero, nr, ticket ref, ticket reference, request id, request number, "
            "incident number, incident id, incident, fallnummer, vorgangsnummer, vorgang, "
            "numero de ticket, numero du ticket, id ticket, id du ticket, id del ticket, n ticket, "
            "case no, case nr, request no, request nr, incident no, no"
        ),
        "subject": (
            "subject, title, summary, ticket subject, conversation title, headline, topic, betreff, thema, "
            "titel, sujet, asunto, titre, ticket title, ticket name, issue title, short description, "
            "kurzbeschreibung, objet, titulo"
        ),
        "body": (
            "description, body, message, text, content, comment, first message, conversation body, "
            "source body, details, ticket description, question, first comment, initial message, "
            "customer message, feedback, beschreibung, nachricht, descripcion, mensaje, contenu, "
            "what the customer wrote, what the customer said, customer wrote, customer said, "
            "customer comment, customer text, ticket text, ticket body, ticket content, full text, "
            "complaint, inquiry, enquiry, query, verbatim, anfrage, anliegen, problembeschreibung, "
            "fehlerbeschreibung, ticketbeschreibung, kommentar, inhalt, message du client, probleme, "
            "demande, commentaire, texte, description du probleme, consulta, problema, comentario, "
            "mensaje del cliente, texto, descripcion del problema, issue, problem, summary, note, notes"
        ),
        "email": (
            "requester email, requester e mail, email, e mail, from, contact email, user email, "
            "customer email, sender, from email, author email, source author email, requester, reporter, "
            "user, mail, email address, absender, raised by, reported by, submitted by, requested by, "
            "client email, client e mail, kunden e mail, kunden email, e mail adresse, email adresse, "
            "mail adresse, courriel, adresse e mail, adresse email, email du client, correo, "
            "correo electronico, email del cliente, gemeldet von"
        ),
        "person": (
            "requester name, contact name, user name, customer contact, author name, source author name, "
            "sender name, requester, reporter, from name, full name, contact, user, author, person, name, "
            "raised by, reported by, submitted by, requested by, contact person, ansprechpartner, "
            "gemeldet von, demandeur, solicitante"
        ),
        "person id": "requester id, user id, contact id, author id, source author id",
        "role": "requester role, author type, source author type, user role, requester type",
        "account": (
            "organization, organization name, organisation, organisation name, company, company name, "
            "companies, account, account name, customer, customer name, client, firma, kunde, unternehmen, "
            "entreprise, empresa, cliente, org, customer company, client name, business name, firm, "
            "kundenname, firmenname, name der firma, unternehmensname, societe, nom de la societe, "
            "nom de l entreprise, compagnie, nom du client, nombre de la empresa, nombre del cliente, "
            "compania, organizacion"
        ),
        "account id": (
            "account id, organization id, organisation id, company id, customer id, org id, client id, "
            "external id, organization external id, tenant, workspace id"
        ),
        "domain": "domain, organization domain, company domain, website, company website",
        "created": (
            "created at, created, date created, created date, opened, opened at, submitted, submitted at, "
            "submitted on, received, started at, creation date, created on, open date, requested at, "
            "conversation started at, erstellt, erstellt am, fecha de creacion, date de creation, "
            "date opened, opened date, opened on, open time, ticket date, date submitted, submitted date, "
            "submission date, date received, received at, received on, received date, date reported, "
            "reported at, reported on, date raised, raised at, raised on, date logged, logged at, "
            "logged on, ticket created, ticket created at, created time, creation time, sent at, sent on, "
            "date of ticket, date of request, request date, eroffnet am, geoffnet am, eingang, "
            "eingegangen am, eingangsdatum, erstellungsdatum, erstelldatum, angelegt am, gemeldet am, "
            "erfasst am, ticketdatum, fecha de apertura, fecha apertura, abierto el, fecha de recepcion, "
            "creado el, date d ouverture, date ouverture, ouvert le, cree le, date de reception, recu le, "
            "date du ticket, time, timestamp, date, datum, fecha"
        ),
        "updated": (
            "updated at, updated, last updated, date updated, modified, last modified, updated date, "
            "modified at, last update, zuletzt geandert, geandert am, date de modification, "
            "fecha de modificacion"
        ),
        "status": "status, state, ticket status, conversation state, statut, estado",
        "priority": "priority, urgency, prioritat, ticket priority, dringlichkeit, priorite, prioridad",
        "tags": "tags, labels, tag, label, current tags, conversation tags, schlagworte, etiquettes, etiquetas",
        "area": (
            "product area, area, component, category, module, feature, product, feature area, team, "
            "bereich, kategorie, ticket type category, produkt, produkt bereich, produktbereich, produit, "
            "producto, categorie, categoria"
        ),
        "language": "language, locale, lang, sprache, langue, idioma",
        "url": "url, link, ticket url, permalink, web url, ticket link, conversation url, href",
        "source": "source, origin, system, tool, helpdesk, help desk",
        "summary": "ai summary, short summary",
    }.items()
}

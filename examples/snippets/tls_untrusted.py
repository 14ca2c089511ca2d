import envoi

try:
    envoi.get(secure_url)
except envoi.CertificateError as error:
    print(error)
    # > The certificate of 127.0.0.1:… is not to be trusted: …. For an authority of your own, pass verify='/path/to/ca.pem'.

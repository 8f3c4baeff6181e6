// Package pki makes the keys and certificates of one lab.
package pki

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"time"
)

// Validity is how long every certificate holds.
const Validity = 10 * 365 * 24 * time.Hour

// Pair is a key with its certificate.
type Pair struct {
	Key  *ecdsa.PrivateKey
	Cert *x509.Certificate
}

// Request is what a certificate says.
type Request struct {
	CommonName    string
	Organizations []string
	// Names and IPs make it a server certificate; without any it is a client's.
	Names []string
	IPs   []string
}

// NewCA returns a self-signed authority that is valid from an hour before now.
func NewCA(name string, now time.Time) (Pair, error) {
	template := newTemplate(Request{CommonName: name}, now)
	template.IsCA = true
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign | x509.KeyUsageDigitalSignature
	template.ExtKeyUsage = nil
	return sign(template, nil)
}

// Issue returns a new pair signed by the authority.
func (ca Pair) Issue(request Request, now time.Time) (Pair, error) {
	return sign(newTemplate(request, now), &ca)
}

func newTemplate(request Request, now time.Time) *x509.Certificate {
	template := &x509.Certificate{
		Subject:               pkix.Name{CommonName: request.CommonName, Organization: request.Organizations},
		NotBefore:             now.Add(-time.Hour), // clocks step back
		NotAfter:              now.Add(Validity),
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
		BasicConstraintsValid: true,
		DNSNames:              request.Names,
	}
	for _, ip := range request.IPs {
		template.IPAddresses = append(template.IPAddresses, net.ParseIP(ip))
	}
	if len(request.Names)+len(request.IPs) > 0 {
		template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	}
	return template
}

// sign makes a key and a certificate for it; without an authority it signs itself.
func sign(template *x509.Certificate, ca *Pair) (Pair, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return Pair{}, fmt.Errorf("generate key for %s: %w", template.Subject.CommonName, err)
	}
	template.SerialNumber, err = rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return Pair{}, fmt.Errorf("choose serial number: %w", err)
	}
	parent, signer := template, key
	if ca != nil {
		parent, signer = ca.Cert, ca.Key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		return Pair{}, fmt.Errorf("sign certificate for %s: %w", template.Subject.CommonName, err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return Pair{}, fmt.Errorf("parse certificate for %s: %w", template.Subject.CommonName, err)
	}
	return Pair{Key: key, Cert: cert}, nil
}

// CertPEM returns the certificate in PEM form.
func (p Pair) CertPEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: p.Cert.Raw})
}

// KeyPEM returns the private key in PEM form.
func (p Pair) KeyPEM() ([]byte, error) {
	der, err := x509.MarshalECPrivateKey(p.Key)
	if err != nil {
		return nil, fmt.Errorf("encode key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}), nil
}

// PublicPEM returns the public key in PEM form, as the API server wants it for service account tokens.
func (p Pair) PublicPEM() ([]byte, error) {
	der, err := x509.MarshalPKIXPublicKey(&p.Key.PublicKey)
	if err != nil {
		return nil, fmt.Errorf("encode public key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), nil
}

// Write writes base.crt and base.key; the key is readable by its owner only.
func (p Pair) Write(base string) error {
	key, err := p.KeyPEM()
	if err != nil {
		return err
	}
	if err := os.WriteFile(base+".key", key, 0o600); err != nil {
		return fmt.Errorf("write key: %w", err)
	}
	if err := os.WriteFile(base+".crt", p.CertPEM(), 0o644); err != nil {
		return fmt.Errorf("write certificate: %w", err)
	}
	return nil
}
